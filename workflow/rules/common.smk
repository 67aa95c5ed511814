# What the rules share: the plans, the command line, and how many jobs may run at once. No rules.

# `--config seeds=3` plans three seeds of everything, whatever the scale's file says.
PLANS = {name: load_plan(name, config.get("seeds")) for name in scale_names()}

# Jobs run this checkout's package under the interpreter that runs Snakemake.
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={quote(str(workflow.basedir))} "
    f"PATH={quote(os.path.dirname(sys.executable))}:$PATH; "
)

# Each job computes on as many threads as its scale says; it claims a share of --cores so that at most one job a
# processor runs at once. A cluster's profile sets no --cores: there `jobs` says how many.
CORES = workflow.resource_settings.cores or 1
JOB_THREADS = ceil(CORES / (os.cpu_count() or 1))

TABLES, FIGURES = (1, 2, 3, 4), (1, 2, 3, 4, 5)
# What the claims need besides the tables and figures.
EVIDENCE = ["pairs", "costs", "information"]
COLLECTED = {
    **{name: [f"{name}.csv"] for name in ARTEFACTS},
    "figure2": ["figure2.csv", "figure2_labels.csv"],
    "figure5": ["figure5.csv", "figure5_separability.csv"],
}


wildcard_constraints:
    scale="|".join(PLANS),
    run="[A-Za-z0-9_.-]+",
    number="[1-5]",


def shown(scale):
    """Every table and figure of a scale, its claims and its page."""
    tables = expand(
        "results/{scale}/tables/table{n}.{e}",
        scale=scale,
        n=TABLES,
        e=["csv", "md", "tex"],
    )
    drawn = tables + headline_tables(scale) + figures(scale, FIGURES)
    return drawn + claims(scale) + [f"results/{scale}/report.html"]


def headline(scale):
    """The central finding: its table, and Figures 2 and 3."""
    return headline_tables(scale) + figures(scale, (2, 3))


def headline_tables(scale):
    """The comparison on the same images."""
    return expand(
        "results/{scale}/tables/headline.{e}", scale=scale, e=["csv", "md", "tex"]
    )


def claims(scale):
    """The ledger of a scale."""
    return expand(
        "results/{scale}/{file}",
        scale=scale,
        file=["claims.csv", "claims.md", "claims_paper.csv"],
    )


def figures(scale, numbers):
    """Figures of a scale."""
    return expand(
        "figures/{scale}/figure{n}.{e}", scale=scale, n=numbers, e=["pdf", "png", "svg"]
    )


def run_of(wildcards):
    """The run that the wildcards name, planned or not; None where they name none, which the job itself explains."""
    try:
        return find_run(wildcards.run, PLANS[wildcards.scale].scale)
    except UsageError:
        return None


def teacher_manifests(wildcards):
    """The finished trainings that a run learns from.

    Ancient: files' times say nothing, after `git clone` least of all. A teacher's changed settings train its student
    again all the same, for they are among the student's own.
    """
    run = run_of(wildcards)
    return [
        ancient(f"results/{wildcards.scale}/runs/{teacher.id}/manifest.json")
        for teacher in (teachers_of(run) if run else [])
    ]


def settings_of(wildcards):
    """A run's resolved settings: a changed value trains it again."""
    run = run_of(wildcards)
    return str(PLANS[wildcards.scale].settings_of(run)) if run else ""


def measurement_of(wildcards):
    """What decides an evaluation besides the training."""
    plan, run = PLANS[wildcards.scale], run_of(wildcards)
    return f"{plan.scale.measurement} {plan.scale.attack} {run and plan.with_autoattack(run)}"


def finished_run(wildcards):
    """A run's manifest. Where its weights are gone (a clone of committed results) no measurement is made again."""
    manifest = Path(f"results/{wildcards.scale}/runs/{wildcards.run}/manifest.json")
    gone = manifest.exists() and not manifest.with_name("final.pt").exists()
    return ancient(str(manifest)) if gone else str(manifest)


def collected_inputs(artefact):
    """The runs' text files that an artefact is collected from."""
    return lambda wildcards: [
        f"results/{wildcards.scale}/{path}"
        for path in PLANS[wildcards.scale].inputs_of(
            artefact, Path("results", wildcards.scale)
        )
    ]
