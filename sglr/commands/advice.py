"""What a message advises, completed to a command line that can be typed as it stands."""

import os
import re
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from shlex import join

from sglr.files.errors import ReadOnly, UsageError

_COMMAND = re.compile(r"(sglr [a-z-]+(?: [\w.=-]+)?) --scale [\w+.=/-]+")


def completed(error: UsageError, arguments: Namespace) -> str:
    """Return the message with the options of this command line in every command that it advises.

    On a read-only file system it ends with the same command, its results written elsewhere.
    """
    options = _options(arguments)
    line = _COMMAND.sub(lambda found: f"{found[1]} {options}", str(error))
    if isinstance(error, ReadOnly):
        return f"{line}; to write elsewhere: {_elsewhere(arguments)}"
    return line


def _options(arguments: Namespace) -> str:
    """The options that say of which results a command speaks."""
    words = ["--scale", arguments.scale]
    for change in arguments.set:
        words += ["--set", change]
    if arguments.plan:
        words += ["--plan", arguments.plan]
    if arguments.results != Path("results"):
        words += ["--results", str(arguments.results)]
    return join(words)


def _elsewhere(arguments: Namespace) -> str:
    """The same command on the same results, writing to this user's own folder.

    Of an option that is given twice the last holds.
    """
    place = Path(tempfile.gettempdir()) / f"sglr-{os.getuid()}"
    words = ["sglr", *sys.argv[1:], "--results", str(place / "results")]
    if not arguments.read_from:
        words += ["--from", str(arguments.results)]
    if "figures" in arguments and sys.argv[1] != "report":  # which reads them
        words += ["--figures", str(place / "figures")]
    return join(words)
