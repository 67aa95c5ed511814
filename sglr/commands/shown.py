"""Commands that read: collect, tables, figures, claims, the page, the plan. Nothing here imports torch."""

from argparse import Namespace
from contextlib import suppress

from sglr.files.errors import UsageError
from sglr.plan.plan import ARTEFACTS, Plan


def collect(arguments: Namespace, plan: Plan) -> None:
    """Collect the runs' text files into the tidy CSVs of one table or figure, or of the claims' other evidence."""
    from sglr.artefacts.collect import collect
    from sglr.collected.evidence import collect_evidence

    if arguments.artefact == "evidence":
        collect_evidence(plan, arguments.results)
    else:
        collect(arguments.artefact, plan, arguments.results)


def table(arguments: Namespace, plan: Plan) -> None:
    """Render one table as CSV, Markdown and LaTeX."""
    _render(f"table{arguments.number}", arguments, plan)


def headline(arguments: Namespace, plan: Plan) -> None:
    """Render the comparison on the same images as CSV, Markdown and LaTeX."""
    _render("headline", arguments, plan)


def figure(arguments: Namespace, plan: Plan) -> None:
    """Render one figure as PDF, PNG and SVG."""
    _render(f"figure{arguments.number}", arguments, plan)


def show(arguments: Namespace, plan: Plan) -> None:
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


def _render(artefact: str, arguments: Namespace, plan: Plan) -> None:
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


def claims(arguments: Namespace, plan: Plan) -> None:
    """Judge the paper's claims on what was collected; write and print the ledger."""
    from sglr.claims import render

    print("\n".join(render.write(arguments.results / plan.scale.name, plan.scale)))


def report(arguments: Namespace, plan: Plan) -> None:
    """Write the page: results/{scale}/report.html, one file of everything that has been shown and judged."""
    from sglr.page.page import write

    print(write(plan, arguments.results / plan.scale.name, arguments.figures / plan.scale.name))


def plan(arguments: Namespace, plan: Plan) -> None:
    """List the runs of a scale, what uses each, and the estimated cost."""
    from sglr.plan.cost import cost_lines, cost_sums

    folder = arguments.results / plan.scale.name / "runs"
    print("\n".join([*cost_lines(plan, folder), *cost_sums(plan, folder)]))
