"""How fast the references are, measured against Paddle's own kernels: `python -m benchmarks`."""
