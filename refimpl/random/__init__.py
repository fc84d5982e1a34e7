"""Paddle's CPU random stream, reproduced from a seed."""
