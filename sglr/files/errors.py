"""The one error that a user is meant to read, and the one way to be stopped."""


class UsageError(Exception):
    """One clear line for the user: the file, the key or the value, and what is allowed."""


class NotYet(UsageError):
    """What a table or figure needs has not been run so far; those that have it are shown without it."""


class ReadOnly(UsageError):
    """What was to be written lies on a read-only file system."""


class Interrupted(BaseException):
    """SIGTERM or SIGINT came; the same command goes on from there. `status` is what the process exits with.

    No Exception, as KeyboardInterrupt is none: it may be raised in code that catches those.
    """

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status
