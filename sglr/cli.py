"""The one entry point, `sglr COMMAND`; the commands stand in one table at the end."""

import argparse
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from sglr.artefacts.style import DEFAULT, SIZES
from sglr.commands import advice, judge, networks, runs, shown
from sglr.files.disk import refused
from sglr.files.errors import Interrupted, UsageError
from sglr.files.origin import git_commit, version_of
from sglr.files.overlay import link_missing
from sglr.files.settings import unknown
from sglr.plan.names import CHECKPOINTS
from sglr.plan.plan_files import load_plan


def main() -> None:
    """Run one command; an error becomes one line on stderr.

    Exit status: 2, or 75 after SIGTERM and its like, 130 after SIGINT, 1 where the reader of the output has gone.
    Raises KeyboardInterrupt, which `__main__` ends in a line as well.
    """
    _open_closed_streams()
    arguments, left = _parser().parse_known_args(_checked(sys.argv[1:]))
    if left:
        _end(_one_too_many(left[0], arguments.options), 2)
    try:
        scale = "+".join([arguments.scale, *arguments.set])
        plan = load_plan(scale, plan_file=arguments.plan)
        if arguments.read_from:
            name = plan.scale.name
            link_missing(arguments.read_from / name, arguments.results / name)
        arguments.command(arguments, plan)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        sys.exit(1)  # a training, too, ends here
    except UsageError as error:
        _end(advice.completed(error, arguments), 2)
    except Interrupted as message:
        _end(str(message), message.status)
    except OSError as error:
        if not error.filename:
            _end(f"output: {error.strerror or error}", 2)
        line = refused(Path(os.fsdecode(error.filename)), error, "read")
        _end(advice.completed(line, arguments), 2)


def _end(message: str, status: int) -> NoReturn:
    print(f"sglr: {' '.join(message.split())}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()
    sys.exit(status)


def _forget_output() -> None:
    """Let what is still to be printed go nowhere: the interpreter would try once more while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_closed_streams() -> None:
    """Give output somewhere to go where the caller has closed it, as `>&-` does."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (for the whole process)


def _checked(words: list[str]) -> list[str]:
    """The command line, unless its command is none: then one line with the nearest that is."""
    if words and not words[0].startswith("-") and words[0] not in _COMMANDS:
        _end(unknown(words[0], _COMMANDS, "command"), 2)
    return words


def _one_too_many(word: str, options: list[str]) -> str:
    """What is wrong with a word after a command that takes no such one."""
    if word.startswith("-"):
        return unknown(word, options, "option")
    return f"{word!r} is one word too many; options: {', '.join(options)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sglr", description="Train, evaluate and show the runs of one scale."
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="version and commit"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (function, argument) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=(function.__doc__ or "").split("\n")[0]
        )
        command.set_defaults(command=function)
        if argument:
            command.add_argument(argument)
        _add_own(command, name)
        _add_common(command, name)
        command.set_defaults(options=re.findall(r"--[a-z-]+", command.format_usage()))
    return parser


def _add_own(command: argparse.ArgumentParser, name: str) -> None:
    """Add what this command alone understands, or the few that draw."""
    flag = partial(command.add_argument, action="store_true")
    if name == "judge":
        judge.add_arguments(command)
    if name == "train":
        flag("--events", help="write TensorBoard events, epoch by epoch")
        flag("--strict", help="never go on with what other code or versions have begun")
    if name == "evaluate":
        flag("--keep-images", help="write what AutoAttack ends with, as safetensors")
    if name == "time-steps":
        command.add_argument("--repetitions", type=int, default=100)
    if name == "export":
        names = ", ".join(CHECKPOINTS)
        command.add_argument("--checkpoint", default="best_validation", help=names)
    if name in _DRAWING:
        command.add_argument("--figures", type=Path, default=Path("figures"))
    if name in ("draw", "show"):
        read = f"at which figures are read: {', '.join(SIZES)} (default: {DEFAULT})"
        command.add_argument("--size", default=DEFAULT, help=read)


def _add_common(command: argparse.ArgumentParser, name: str) -> None:
    """Add what every command understands: which settings, and where results lie."""
    add, scale = command.add_argument, "mini" if name == "judge" else "digits"
    where = "a name of config/scales, or a file (default: %(default)s)"
    add("--scale", default=scale, help=where)
    change = "such as attack.epsilon=4/255"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=change)
    add("--plan", metavar="FILE", help="a plan in place of config/plan.yaml")
    add("--results", type=Path, default=Path("results"))
    elsewhere = "results that are read where --results has none; never written to"
    add("--from", dest="read_from", type=Path, metavar="FOLDER", help=elsewhere)


class _Version(argparse.Action):
    """Says which package and which commit this is."""

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        commit = git_commit()
        print(f"sglr {version_of('sglr')}" + (f" ({commit})" if commit else ""))
        sys.exit(0)


_DRAWING = ("draw", "show", "report", "bundle")
_COMMANDS = {
    "train": (runs.train, "run"),
    "evaluate": (runs.evaluate, "run"),
    "trajectory": (runs.trajectory, "run"),
    "features": (runs.features, "run"),
    "judge": (judge.judge, None),
    "models": (networks.models, None),
    "restore": (networks.restore, "run"),
    "export": (runs.export, "run"),
    "events": (runs.events, "run"),
    "count-forwards": (runs.count_forwards, None),
    "time-steps": (runs.time_steps, None),
    "collect": (shown.collect, "artefact"),
    "draw": (shown.draw, "artefact"),
    "claims": (shown.claims, None),
    "show": (shown.show, None),
    "report": (shown.report, None),
    "plan": (shown.plan, None),
    "bundle": (shown.bundle, None),
}
