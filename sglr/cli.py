"""The one entry point, `sglr COMMAND`; the commands stand in one table at the end."""

import argparse
import os
import sys
from pathlib import Path

from sglr.commands import runs, shown
from sglr.files.errors import Interrupted, UsageError
from sglr.plan.names import CHECKPOINTS
from sglr.plan.plan_files import load_plan


def main() -> None:
    """Run one command; an error becomes one line on stderr: exit status 2, or 75 after SIGTERM and 130 after SIGINT."""
    arguments = _parser().parse_args()
    try:
        scale = "+".join([arguments.scale, *arguments.set])
        arguments.command(arguments, load_plan(scale, plan_file=arguments.plan))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)  # a training, too, ends here
    except UsageError as error:
        print(f"sglr: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted as message:
        print(f"sglr: {message}", file=sys.stderr)
        sys.exit(message.status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sglr", description="Train, evaluate and show the runs of one scale."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (function, argument) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=(function.__doc__ or "").split("\n")[0]
        )
        command.set_defaults(command=function)
        if argument:
            command.add_argument(argument)
        if name == "train":
            command.add_argument(
                "--events",
                action="store_true",
                help="write TensorBoard events, epoch by epoch",
            )
        if name == "export":
            command.add_argument(
                "--checkpoint", choices=CHECKPOINTS, default="best_validation"
            )
        command.add_argument(
            "--scale",
            default="digits",
            help="a name of config/scales, or a file (default: digits)",
        )
        command.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="such as attack.epsilon=4/255",
        )
        command.add_argument(
            "--plan", metavar="FILE", help="a plan in place of config/plan.yaml"
        )
        command.add_argument("--results", type=Path, default=Path("results"))
        if name in _DRAWING:
            command.add_argument("--figures", type=Path, default=Path("figures"))
    return parser


_DRAWING = ("draw", "show", "report")
_COMMANDS = {
    "train": (runs.train, "run"),
    "evaluate": (runs.evaluate, "run"),
    "trajectory": (runs.trajectory, "run"),
    "features": (runs.features, "run"),
    "export": (runs.export, "run"),
    "events": (runs.events, "run"),
    "count-forwards": (runs.count_forwards, None),
    "collect": (shown.collect, "artefact"),
    "draw": (shown.draw, "artefact"),
    "claims": (shown.claims, None),
    "show": (shown.show, None),
    "report": (shown.report, None),
    "plan": (shown.plan, None),
}
