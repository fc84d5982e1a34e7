"""How cases are drawn: a tape of bytes from Hypothesis decides structure and values, and shrinks with them."""
