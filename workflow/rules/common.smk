# What the rules share: the plans, the command line, and how many jobs may run at once. No rules.

# Snakemake itself meets these hours later, or with a traceback. A dry run makes no more than its own folder.
try:
    for folder in (
        (".snakemake",)
        if workflow.dryrun
        else (".snakemake", "logs", "results", "figures")
    ):
        check_writable(Path(folder))
    CHOICE = read_choice(config)
    CHOSEN, REFUSED = chosen_plans(CHOICE, scale_names())
    # In the order of the plan's file.
    ARTEFACTS = list(
        dict.fromkeys(name for plan in CHOSEN.values() for name in plan.artefacts)
    )
    FIGURES = [name for name in ARTEFACTS if is_figure(name)]
except UsageError as error:
    raise WorkflowError(str(error))
if "pretrained" in config:  # the command line says true as a word
    config["pretrained"] = CHOICE.pretrained
validate(config, "../schemas/config.schema.yaml")

# By the name of the results folder: a changed scale, mini+attack.epsilon=..., has one of its own.
PLANS = {plan.scale.name: plan for plan in CHOSEN.values()}

# Jobs say `sglr COMMAND`, which is the package that planned them: under the interpreter that runs Snakemake, or under
# the one of the environment or container that Snakemake brings the job into. (A name of the Snakefile could not be used
# in `shell:` where another workflow imports these rules.) No shell waits beside it: one that dies of a scheduler's signal
# would take the training with it before that has saved its steps.
PYTHON = (
    "python"
    if workflow.deployment_settings.deployment_method
    else quote(sys.executable)
)
PACKAGE = quote(str(Path(sglr.__file__).parents[1]))
PLAN = f" --plan {quote(CHOICE.plan)}" if CHOICE.plan else ""
COMMAND = f'sglr() {{ PYTHONPATH={PACKAGE} exec {PYTHON} -m sglr "$@"{PLAN}; }}'
ESCAPED = COMMAND.replace("{", "{{").replace("}", "}}")
shell.prefix(f"set -euo pipefail; {ESCAPED}; ")

if CHOICE.container:

    container: CHOICE.container


# What --sdm conda makes, and --containerize writes into a Dockerfile: that reads no function. Braces in its path are a
# wildcard to Snakemake, which without conda is then given no path.
CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
ODD_FOLDER = set("{}") & set(str(workflow.current_basedir))
conda_environment = None if ODD_FOLDER and not CONDA else "../../environment.yml"


# Each job computes on as many threads as its scale says; it claims a share of --cores so that at most one job a
# processor runs at once. A cluster's profile sets no --cores: there `jobs` says how many.
CORES = workflow.resource_settings.cores or 1
JOB_THREADS = ceil(CORES / (os.cpu_count() or 1))

TABLES = [name for name in ARTEFACTS if name not in FIGURES]


wildcard_constraints:
    scale="|".join(map(re.escape, PLANS)),
    run="[A-Za-z0-9_.=-]+",
    table="|".join(TABLES),
    figure="|".join(FIGURES),


def folder_of(name):
    """The results folder of a scale's name. Raises WorkflowError where `--config set=...` does not fit the scale."""
    if name in REFUSED:
        raise WorkflowError(REFUSED[name])
    return CHOSEN[name].scale.name


def shown(name):
    """Every table and figure of a scale, its claims and its page."""
    scale = folder_of(name)
    drawn = [file for name in PLANS[scale].artefacts for file in files_of(scale, name)]
    return drawn + claims(scale) + [f"results/{scale}/report.html"]


def headline(name):
    """The central finding: its table, and Figures 2 and 3."""
    scale = folder_of(name)
    names = ("headline", "figure2", "figure3")
    return [file for name in names for file in files_of(scale, name)]


def files_of(scale, artefact):
    """What is drawn of a table or figure."""
    if is_figure(artefact):
        return multiext(f"figures/{scale}/{artefact}", ".pdf", ".png", ".svg")
    return multiext(f"results/{scale}/tables/{artefact}", ".csv", ".md", ".tex")


def claims(scale):
    """The ledger of a scale."""
    return [f"results/{scale}/{file}" for file in LEDGER]


def collected_frames(wildcards, *artefacts):
    """The collected CSVs of tables and figures."""
    files = [file for name in artefacts for file in load(name).COLLECTED]
    return [f"results/{wildcards.scale}/collected/{file}.csv" for file in files]


# Paths of the checkout are given by functions: in a path that stands as a string Snakemake reads {a} and <a> as its own.
def config_file(name):
    """A file of config/: changed, what it decides is made again."""
    return str(CONFIG / name)


def package_files(room):
    """The files of a room of the package: changed, what they made is made again."""
    return sorted(map(str, Path(sglr.__file__).with_name(room).glob("*.*")))


def module_file(artefact):
    """The file that draws a table or figure: changed, it draws again."""
    return load(artefact).__file__


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


# Whose published networks stand in place of their training, as `--config pretrained=true` asks.
PUBLISHED = published_runs() if CHOICE.pretrained else []


def one_of(words):
    """What matches these words and nothing else."""
    return "|".join(sorted({re.escape(word) for word in words}))


def finished_run(wildcards):
    """A run's manifest. Where its weights are gone (a clone of committed results) no measurement is made again."""
    manifest = Path(f"results/{wildcards.scale}/runs/{wildcards.run}/manifest.json")
    gone = manifest.exists() and not [*manifest.parent.glob("final.*")]
    published = manifest.with_name("published.json").exists()
    return ancient(str(manifest)) if gone or published else str(manifest)


def evaluated_run(wildcards):
    """What an evaluation is of: a finished training, or published networks in its place."""
    if (wildcards.scale, wildcards.run) in PUBLISHED:
        return f"results/{wildcards.scale}/runs/{wildcards.run}/published.json"
    return finished_run(wildcards)


def collected_inputs(artefact):
    """The runs' text files that an artefact is collected from."""
    return lambda wildcards: below_results(wildcards, inputs_of, artefact)


def below_results(wildcards, wanted, *names):
    """What `wanted(*names, plan, folder)` names below results/{scale}."""
    plan, folder = PLANS[wildcards.scale], Path("results", wildcards.scale)
    return [
        f"results/{wildcards.scale}/{path}" for path in wanted(*names, plan, folder)
    ]
