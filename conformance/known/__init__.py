"""The register of known divergences: where Paddle is known to differ from the reference, and exactly how."""
