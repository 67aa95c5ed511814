"""The one error that a user is meant to read."""


class UsageError(Exception):
    """One clear line for the user: the file, the key or the value, and what is allowed."""
