"""The one entry point, `sglr COMMAND`; the commands stand in one table at the end."""

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sglr.engine.lease import lease_gpu
from sglr.files.errors import Interrupted, UsageError
from sglr.plan.plan import ARTEFACTS, Plan, find_run, load_plan
from sglr.plan.scales import Engine, Scale

if TYPE_CHECKING:
    import torch

    from sglr.evaluation.measure import Finished

CHECKPOINTS = ("best_validation", "best", "final")


def main() -> None:
    """Run one command; an error becomes one line on stderr: exit status 2, or 75 after SIGTERM and 130 after SIGINT."""
    arguments = _parser().parse_args()
    try:
        arguments.command(arguments, load_plan(arguments.scale))
        sys.stdout.flush()
    except BrokenPipeError:  # who read the output has left, as `head` does; nothing more can be said to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)  # a training, too, ends here
    except UsageError as error:
        print(f"sglr: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted as message:
        print(f"sglr: {message}", file=sys.stderr)
        sys.exit(message.status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sglr", description="Train, evaluate and show the runs of one scale.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (function, argument, choices) in _COMMANDS.items():
        command = commands.add_parser(name, help=(function.__doc__ or "").split("\n")[0])
        command.set_defaults(command=function)
        if argument:
            command.add_argument(argument, choices=choices)
        if name == "export":
            command.add_argument("--checkpoint", choices=CHECKPOINTS, default="best_validation")
        command.add_argument("--scale", default="digits", help="a file of config/scales (default: digits)")
        command.add_argument("--results", type=Path, default=Path("results"))
        command.add_argument("--figures", type=Path, default=Path("figures"))
    return parser


def _train(arguments: argparse.Namespace, plan: Plan) -> None:
    """Train a run, going on from its saved state where there is one."""
    from sglr.training.signals import StopRequest

    run = find_run(arguments.run, plan.scale)
    folder = arguments.results / plan.scale.name / "runs" / run.id
    with StopRequest().listen() as stop:
        with stop.at_once():  # nothing is lost before the first step
            from sglr.engine.memory import explained
            from sglr.training.loop import Training

            device, engine = _prepare(plan.scale)
            training = Training(run, plan.scale, folder, plan.settings_of(run), device, engine)
        with explained(training.trial, training.recipe.batch_size):
            training.fit(stop)


def _prepare(scale: Scale) -> "tuple[torch.device, Engine]":
    """Device and engine; where this machine has several GPUs, one that no other job computes on."""
    from sglr.engine.device import prepare

    if scale.gpu:
        lease_gpu()
    return prepare(scale.engine, scale.threads, gpu=scale.gpu)


def _finished(arguments: argparse.Namespace, plan: Plan) -> "Finished":
    from sglr.evaluation.measure import Finished

    run = find_run(arguments.run, plan.scale)
    device, _ = _prepare(plan.scale)
    return Finished(run, plan.scale, arguments.results / plan.scale.name / "runs" / run.id, device)


def _evaluate(arguments: argparse.Namespace, plan: Plan) -> None:
    """Measure natural, PGD-20 and AutoAttack accuracy of a run's checkpoints."""
    from sglr.evaluation.measure import evaluate

    finished = _finished(arguments, plan)
    evaluate(finished, with_autoattack=plan.with_autoattack(finished.run))


def _trajectory(arguments: argparse.Namespace, plan: Plan) -> None:
    """Measure gradient norm, information in weights and confidence along a run."""
    from sglr.evaluation.measure import measure_trajectory

    measure_trajectory(_finished(arguments, plan))


def _features(arguments: argparse.Namespace, plan: Plan) -> None:
    """Measure the penultimate features of a run's final network."""
    from sglr.evaluation.measure import measure_features

    measure_features(_finished(arguments, plan))


def _export(arguments: argparse.Namespace, plan: Plan) -> None:
    """Write one checkpoint's weights as safetensors, with a model card."""
    from sglr.export.weights import export

    print(export(_finished(arguments, plan), arguments.checkpoint, arguments.results / plan.scale.name / "exported"))


def _events(arguments: argparse.Namespace, plan: Plan) -> None:
    """Write a trained run's history as TensorBoard event files."""
    from sglr.export.weights.events import write_events

    run = find_run(arguments.run, plan.scale)
    print(write_events(arguments.results / plan.scale.name / "runs" / run.id))


def _count_forwards(arguments: argparse.Namespace, plan: Plan) -> None:
    """Count teachers and forward passes of one real training step, for Table 1."""
    from sglr.data import load_splits
    from sglr.engine.device import prepare
    from sglr.evaluation.forwards import count_forwards
    from sglr.files.records import write_json

    prepare(plan.scale.engine, plan.scale.threads, gpu=False)
    spec = plan.scale.data[plan.scale.roles.ten_classes]
    train = load_splits(spec, label_noise=0.0, seed=0).train.first(16)
    rows = count_forwards(train.pixels(), train.labels)
    write_json(arguments.results / plan.scale.name / "forwards.json", {"rows": rows})


def _collect(arguments: argparse.Namespace, plan: Plan) -> None:
    """Collect the runs' text files into the tidy CSVs of one table or figure, or of the claims' other evidence."""
    from sglr.artefacts.collect import collect
    from sglr.collected.evidence import collect_evidence

    if arguments.artefact == "evidence":
        collect_evidence(plan, arguments.results)
    else:
        collect(arguments.artefact, plan, arguments.results)


def _table(arguments: argparse.Namespace, plan: Plan) -> None:
    """Render one table as CSV, Markdown and LaTeX."""
    _render(f"table{arguments.number}", arguments, plan)


def _headline(arguments: argparse.Namespace, plan: Plan) -> None:
    """Render the comparison on the same images as CSV, Markdown and LaTeX."""
    _render("headline", arguments, plan)


def _figure(arguments: argparse.Namespace, plan: Plan) -> None:
    """Render one figure as PDF, PNG and SVG."""
    _render(f"figure{arguments.number}", arguments, plan)


def _show(arguments: argparse.Namespace, plan: Plan) -> None:
    """Render every table and figure from whatever has been run; the rest is 'not run'."""
    from sglr.artefacts.collect import collect
    from sglr.collected.evidence import collect_evidence

    for artefact in ARTEFACTS:
        try:
            collect(artefact, plan, arguments.results)
        except UsageError as error:
            print(f"not run: {error}")
        else:
            _render(artefact, arguments, plan)
    with suppress(UsageError):  # no run of a table: the loop has said so
        collect_evidence(plan, arguments.results)


def _render(artefact: str, arguments: argparse.Namespace, plan: Plan) -> None:
    folder = arguments.results / plan.scale.name
    collected, label = folder / "collected", plan.scale.label
    if artefact == "headline":
        from sglr.artefacts import headline

        headline.render(collected, label, folder / "tables")
    elif artefact.startswith("table"):
        from sglr.artefacts import tables

        tables.render(int(artefact[-1]), collected, label, folder / "tables")
    else:
        from sglr.artefacts import figures  # matplotlib takes a second to import

        figures.render(int(artefact[-1]), collected, label, arguments.figures / plan.scale.name)


def _claims(arguments: argparse.Namespace, plan: Plan) -> None:
    """Judge the paper's claims on what was collected; write and print the ledger."""
    from sglr.claims import render

    print("\n".join(render.write(arguments.results / plan.scale.name, plan.scale)))


def _report(arguments: argparse.Namespace, plan: Plan) -> None:
    """Write the page: results/{scale}/report.html, one file of everything that has been shown and judged."""
    from sglr.page.page import write

    print(write(plan, arguments.results / plan.scale.name, arguments.figures / plan.scale.name))


def _plan(arguments: argparse.Namespace, plan: Plan) -> None:
    """List the runs of a scale, what uses each, and the estimated cost."""
    from sglr.plan.cost import cost_lines, cost_sums

    folder = arguments.results / plan.scale.name / "runs"
    print("\n".join([*cost_lines(plan, folder), *cost_sums(plan, folder)]))


_COMMANDS = {
    "train": (_train, "run", None),
    "evaluate": (_evaluate, "run", None),
    "trajectory": (_trajectory, "run", None),
    "features": (_features, "run", None),
    "export": (_export, "run", None),
    "events": (_events, "run", None),
    "count-forwards": (_count_forwards, None, None),
    "collect": (_collect, "artefact", (*ARTEFACTS, "evidence")),
    "table": (_table, "number", ("1", "2", "3", "4")),
    "headline": (_headline, None, None),
    "figure": (_figure, "number", ("1", "2", "3", "4", "5")),
    "claims": (_claims, None, None),
    "show": (_show, None, None),
    "report": (_report, None, None),
    "plan": (_plan, None, None),
}

if __name__ == "__main__":
    main()
