"""The trial: `paddle.nn` compared with the independent references of `refimpl`, by property-based tests."""
