"""Who decides: the precision of the reference, the allowed error, and the comparison."""
