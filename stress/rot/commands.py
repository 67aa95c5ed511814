"""The user's commands in forked children of a process that has imported the libraries; each imports the package anew.

So a command costs a tenth of a new process's start, and each child may import another copy of the package.
"""

import ctypes
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

LIBRARIES = (
    *(
        "torch",
        "torch._dynamo",
        "torch.utils.tensorboard",
        "numpy",
        "pandas",
        "scipy.stats",
        "sklearn.manifold",
        "filelock",
    ),
    *("matplotlib.pyplot", "seaborn", "jinja2", "safetensors.torch"),
    *("yaml", "tqdm", "pygments", "tabulate", "pandas.io.formats.style"),
)


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit status (negative: by that signal) and what it said."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def is_line(self) -> bool:
        """Whether it ended as a user's error does: status 2 and one line."""
        return (
            self.status == 2
            and self.err.startswith("sglr: ")
            and self.err.count("\n") == 1
        )


def import_libraries() -> None:
    """Import what the commands need, once."""
    os.environ |= {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="sglr-rot-")
    for name in LIBRARIES:
        import_module(name)


def run(words: list[str], package: Path, folder: Path) -> Done:
    """Run `sglr` with these words in `folder`, with the package that lies in `package`."""
    return finish(start(words, package, folder))


@dataclass(frozen=True)
class Underway:
    """A command that runs."""

    words: tuple[str, ...]
    pid: int
    out: int
    err: int


def start(words: list[str], package: Path, folder: Path) -> Underway:
    """Start a command; `finish` waits for it."""
    out, err = (os.memfd_create(name) for name in ("out", "err"))
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        _be(words, package, folder, out, err)
    return Underway(tuple(words), pid, out, err)


def finish(underway: Underway) -> Done:
    """Wait for a command's end and return what it said."""
    _, status = os.waitpid(underway.pid, 0)
    said = []
    for number in (underway.out, underway.err):
        os.lseek(number, 0, os.SEEK_SET)
        with os.fdopen(number, encoding="utf-8", errors="replace") as file:
            said.append(file.read())
    return Done(underway.words, os.waitstatus_to_exitcode(status), *said)


def forget_package() -> None:
    """What the parent has imported of its own copy would hide the one that lies in `package`, its settings too."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "sglr"]:
        del sys.modules[name]


def _be(words: list[str], package: Path, folder: Path, out: int, err: int) -> NoReturn:
    """Become the command: the child never returns."""
    status = 1
    try:
        os.dup2(out, 1), os.dup2(err, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(folder)
        _be_bound_by_rights()
        sys.path.insert(0, str(package))
        forget_package()
        sys.argv = ["sglr", *words]
        sys.dont_write_bytecode = True
        time.process_time = _no_time  # type: ignore[assignment]
        os.environ["TMPDIR"], tempfile.tempdir = f"{folder}-elsewhere", None
        _load(words[1]) if words[0] == "load" else import_module("sglr.cli").main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush(), sys.stderr.flush()
        finally:
            os._exit(status)


def _load(path: str) -> None:
    """What who takes a network away does first."""
    try:
        import_module("sglr").load_model(path)
    except import_module("sglr.files.errors").UsageError as error:
        print(f"sglr: {error}", file=sys.stderr)
        sys.exit(2)


def _be_bound_by_rights() -> None:
    """Give up root's right to pass over the rights of files, by capset(2): all capabilities of this process."""
    if not os.geteuid():
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # the third version; this process
        if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()):
            raise OSError(ctypes.get_errno(), "capset")


def _no_time() -> float:
    """Seconds that are the same in every training: records are compared byte by byte."""
    return 0.0


_no_time.__name__ = "process_time"
