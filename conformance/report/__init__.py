"""From a run file to what people read: a page, a JUnit file, a summary, and the difference of two runs.

Everything here reads `conformance.record` and nothing else: a report can be made where
there is neither Paddle nor NumPy.
"""
