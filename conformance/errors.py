"""The error that users see as one sentence."""


class UserError(Exception):
    """Something that was asked for cannot be had; the text names what was given and what is allowed."""
