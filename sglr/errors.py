"""The one error that a user is meant to read."""


class UsageError(Exception):
    """One clear line for the user: the file, the key or the value, and what is allowed."""


class Interrupted(Exception):
    """SIGTERM came; the last epoch is saved and the same command goes on after it. The CLI exits with status 75."""
