"""Commands that read: collect, tables, figures, claims, the page, the plan. Nothing here imports torch."""

from argparse import Namespace
from pathlib import Path

from sglr.files.errors import NotYet, UsageError
from sglr.files.settings import unknown
from sglr.plan.plan import Plan


def collect(arguments: Namespace, plan: Plan) -> None:
    """Collect the runs' text files into the tidy CSVs of one table or figure, or of the claims' other evidence."""
    from sglr.artefacts.collect import collect
    from sglr.collected.evidence import collect_evidence

    _check_artefact(arguments.artefact, [*plan.artefacts, "evidence"])
    if arguments.artefact == "evidence":
        collect_evidence(plan, arguments.results)
    else:
        collect(arguments.artefact, plan, arguments.results)


def _check_artefact(name: str, allowed: list[str]) -> None:
    if name not in allowed:
        raise UsageError(unknown(name, allowed, "table or figure"))


def draw(arguments: Namespace, plan: Plan) -> None:
    """Draw one figure as PDF, PNG and SVG, or write one table as CSV, Markdown and LaTeX, from what was collected."""
    from sglr.artefacts.collect import check_collected
    from sglr.artefacts.render import render

    _check_artefact(arguments.artefact, list(plan.artefacts))
    scale = plan.scale
    check_collected([arguments.artefact], plan, arguments.results / scale.name)
    render(
        arguments.artefact,
        scale,
        arguments.results / scale.name,
        arguments.figures / scale.name,
        arguments.size,
    )


def show(arguments: Namespace, plan: Plan) -> None:
    """Collect and draw every table and figure of which something has been run; the rest is 'not run'."""
    from sglr.artefacts.collect import collect
    from sglr.artefacts.render import render
    from sglr.collected.evidence import collect_evidence, evidence_inputs

    scale, faults = plan.scale, []
    folder = arguments.results / scale.name
    if not arguments.results.is_dir():
        raise UsageError(
            f"{arguments.results}: no such folder; --results names another"
        )
    for name in plan.artefacts:
        if not _something_is_there(name, plan, folder):
            print(f"not run: {name}: no run of it is in {folder / 'runs'} yet")
            continue
        try:
            collect(name, plan, arguments.results)
            figures = arguments.figures / scale.name
            render(name, scale, folder, figures, arguments.size)
        except NotYet as error:
            print(f"not run: {error}")
        except UsageError as error:  # damaged: the others are drawn first
            faults.append(f"{name}: {error}")
    if any((folder / path).exists() for path in evidence_inputs(plan, folder)):
        collect_evidence(plan, arguments.results)
    if faults:
        raise UsageError("; ".join(faults))


def _something_is_there(name: str, plan: Plan, folder: Path) -> bool:
    from sglr.artefacts.collect import inputs_of, runs_of

    runs = runs_of(name, plan, folder)
    return (
        bool(runs.done)
        if runs.reads
        else all((folder / path).exists() for path in inputs_of(name, plan, folder))
    )


def claims(arguments: Namespace, plan: Plan) -> None:
    """Judge the paper's claims on what was collected; write and print the ledger."""
    from sglr.artefacts.collect import check_collected
    from sglr.claims import render

    folder = arguments.results / plan.scale.name
    check_collected([*plan.artefacts, "evidence"], plan, folder)
    print("\n".join(render.write(plan, folder)))


def report(arguments: Namespace, plan: Plan) -> None:
    """Write the page: results/{scale}/report.html, one file of everything that has been shown and judged."""
    from sglr.artefacts.collect import check_collected
    from sglr.page.page import write

    folder = arguments.results / plan.scale.name
    check_collected([*plan.artefacts, "evidence"], plan, folder)
    print(write(plan, folder, arguments.figures / plan.scale.name))


def plan(arguments: Namespace, plan: Plan) -> None:
    """List the runs of a scale, what uses each, and the estimated cost."""
    from sglr.page.cost import cost_lines, cost_sums

    folder = arguments.results / plan.scale.name / "runs"
    print("\n".join([*cost_lines(plan, folder), *cost_sums(plan, folder)]))


def bundle(arguments: Namespace, plan: Plan) -> None:
    """Pack a scale's data, tables, figures, claims, code and provenance into results/{scale}/bundle.zip."""
    from sglr.artefacts.collect import check_collected
    from sglr.bundle.bundle import write

    folder = arguments.results / plan.scale.name
    check_collected([*plan.artefacts, "evidence"], plan, folder)
    print(write(plan, folder, arguments.figures / plan.scale.name))
