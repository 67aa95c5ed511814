"""A command in a child of a process that has imported the libraries: as in a process of its own, without its start.

Here no part of the package is imported: each child takes the one that a process in its folder would take.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from stress.rot.commands import LIBRARIES, forget_package

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(list(LIBRARIES))


def python_m(
    folder: Path, environment: dict[str, str], module: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """`python -m module words` in `folder`; the libraries were imported in the environment of the first call."""
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        how = (str(folder), environment, module, words, str(out), str(err))
        child = _server.Process(target=_become, args=how)
        child.start()
        child.join()
        texts = out.read_text(), err.read_text()
    return subprocess.CompletedProcess(words, child.exitcode or 0, *texts)


def _become(
    folder: str,
    environment: dict[str, str],
    module: str,
    words: tuple[str, ...],
    out: str,
    err: str,
) -> None:
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear(), os.environ.update(environment)
    sys.path[:0] = [folder]
    sys.argv = [module, *words]
    forget_package()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
