"""How fast the references are, measured against Paddle's own kernels, and the trial: `python -m benchmarks`."""
