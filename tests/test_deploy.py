"""The workflow as Snakemake's users take it: as a module, by snakedeploy, in conda's environment, from odd folders."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
import yaml
from tools import ROOT, copy_checkout, git, output, run

SNAKEDEPLOY = ROOT / ".venv/tools/bin/snakedeploy"
TARGET = "results/smoke/forwards.json"


def snakemake(folder: Path, *words: str, path: str = "", rc: int = 0) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *words]
    done = run(folder, *command, PATH=path + os.environ["PATH"])
    return output(done) if rc == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("prefix", ["", " as sglr_*"])
def test_another_workflow_can_use_it_as_a_module(tmp_path, prefix):
    (tmp_path / "Snakefile").write_text(
        f'module sglr:\n    snakefile: "{ROOT}/workflow/Snakefile"\n    config: {{"seeds": 2}}\n\n'
        f"use rule * from sglr{prefix}\n"
    )
    snakemake(tmp_path, "--", TARGET)
    assert (tmp_path / TARGET).exists()
    planned = snakemake(tmp_path, "-n", "--", "results/smoke/tables/table2.md")
    # The importer's configuration.
    assert "digits-te-s1" in planned and "digits-te-s2" not in planned


@pytest.mark.skipif(
    not SNAKEDEPLOY.exists(),
    reason="needs snakedeploy, which make install brings to Pythons before 3.13",
)
def test_snakedeploy_deploys_it(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    copy_checkout(source)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "a"), ("tag", "v1")):
        git(source, *words)
    words = (SNAKEDEPLOY, "deploy-workflow", source, tmp_path / "mine", "--tag", "v1")
    assert "error prone" not in output(run(tmp_path, *words))
    assert (tmp_path / "mine/config/config.yaml").exists()
    # Of a local repository the tool writes no more than the file's name.
    snakefile = tmp_path / "mine/workflow/Snakefile"
    snakefile.write_text(
        snakefile.read_text().replace(
            '"workflow/Snakefile"', f'"{source}/workflow/Snakefile"'
        )
    )
    assert "rule train" in snakemake(
        tmp_path / "mine", "-n", "--", "results/smoke/tables/table2.md"
    )


def test_the_catalog_finds_what_it_asks_for():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())[
        "usage"
    ]
    assert {"mandatory-flags", "software-stack-deployment", "report"} <= set(usage)
    assert {"desc", "flags"} == set(usage["mandatory-flags"])
    for path in (
        "workflow/Snakefile",
        "config/README.md",
        "config/config.yaml",
        "README.md",
        "LICENSE",
    ):
        assert (ROOT / path).is_file()


STUB = """#!/bin/bash
echo "$@" >> {log}
case "$1" in
  info) echo '{{"conda_prefix": "{root}", "platform": "linux-64", "channels": []}}';;
  config) echo '{{"get": {{"channel_priority": "strict"}}, "channel_priority": "strict"}}';;
  env|create) mkdir -p "${{@: -1}}";;
  --version) echo "conda 25.1.0";;
esac
"""


def test_conda_runs_the_jobs_in_its_own_environment(tmp_path):
    """A conda that records its calls; the python of the environment that it activates leaves a mark."""
    folder, log = tmp_path / "conda", tmp_path / "calls"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/conda").write_text(STUB.format(log=log, root=folder))
    (folder / "bin/activate").write_text(f'export PATH="{folder}/env/bin:$PATH"\n')
    (folder / "env/bin").mkdir(parents=True)
    (folder / "env/bin/python").write_text(
        f'#!/bin/bash\ntouch {tmp_path}/mark\nexec "{sys.executable}" "$@"\n'
    )
    for file in (folder / "bin/conda", folder / "env/bin/python"):
        file.chmod(0o755)
    snakemake(
        tmp_path,
        "-s",
        str(ROOT / "Snakefile"),
        "--sdm",
        "conda",
        "--",
        TARGET,
        path=f"{folder}/bin:",
    )
    assert (
        (tmp_path / "mark").exists() and (tmp_path / TARGET).exists() and log.exists()
    )


def test_containerize_writes_an_image_with_the_one_environment(tmp_path):
    """Snakemake asks conda where it is, then prints a Dockerfile for `docker build` beside the checkout."""
    root = tmp_path / "checkout"
    root.mkdir()
    copy_checkout(root)
    (tmp_path / "bin").mkdir()
    stub = STUB.format(log=tmp_path / "calls", root=tmp_path)
    (tmp_path / "bin/conda").write_text(stub)
    (tmp_path / "bin/conda").chmod(0o755)
    command = (sys.executable, "-m", "snakemake", "--containerize")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    done = run(root, *command, PATH=path)
    lines = [line for line in done.stdout.splitlines() if line and line[0] != "#"]
    output(done)
    assert lines[0].startswith("FROM ")
    # One environment, copied from where it lies and created where it was copied to.
    (copied,) = (line.split() for line in lines if line.startswith("COPY "))
    assert (root / copied[1]).read_text() == (ROOT / "environment.yml").read_text()
    (created,) = (line for line in lines if "conda env create" in line)
    prefix = str(Path(copied[2]).parent)
    assert f"--prefix {prefix} --file {copied[2]}" in created
    # `snakemake --sdm conda apptainer` looks for it in the image by the hash of what is in it.
    digest = hashlib.md5((ROOT / "environment.yml").read_bytes()).hexdigest()
    assert prefix == f"/conda-envs/{digest}"


def test_without_conda_the_jobs_run_under_snakemakes_own_interpreter(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/bash\nexit 3\n")
    (tmp_path / "bin/python").chmod(0o755)
    snakemake(
        tmp_path, "-s", str(ROOT / "Snakefile"), "--", TARGET, path=f"{tmp_path}/bin:"
    )
    assert (tmp_path / TARGET).exists()


def test_apptainer_runs_the_jobs_in_the_image_that_the_configuration_names(tmp_path):
    (tmp_path / "bin").mkdir()
    stub = (
        '#!/bin/bash\n[ "$1" = --version ] && echo "apptainer version 1.3.0" && exit\n'
    )
    stub += f'echo "$@" >> {tmp_path}/calls\n'
    stub += '[ "$1" = exec ] && exec bash -c "${@: -1}"\nexit 0\n'
    for name in ("apptainer", "singularity"):
        (tmp_path / f"bin/{name}").write_text(stub)
        (tmp_path / f"bin/{name}").chmod(0o755)
    (tmp_path / "bin/python").write_text(f'#!/bin/bash\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "bin/python").chmod(0o755)
    (tmp_path / "mine.sif").write_text("")
    words = (
        "--sdm",
        "apptainer",
        "--config",
        f"container={tmp_path}/mine.sif",
        "--",
        TARGET,
    )
    snakemake(tmp_path, "-s", str(ROOT / "Snakefile"), *words, path=f"{tmp_path}/bin:")
    assert (
        "mine.sif" in (tmp_path / "calls").read_text() and (tmp_path / TARGET).exists()
    )


# What a shell, Snakemake's patterns or Python's formats take for their own.
ODD = (
    *("a{b}c", "it's", 'a "b"', "100% #1", "$HOME", "a;b", "[a]*", "a\\b", "~", "!"),
    *("(a)", "a&b", "<a>", "a|b", "umlaut ü", "`a`"),
)


def test_a_checkout_in_oddly_named_folders_works(tmp_path):
    """All the names at once, each a folder within the one before, for the checkout and for the results."""
    root = tmp_path.joinpath(*ODD)
    root.mkdir(parents=True)
    copy_checkout(root)
    (root / "work").mkdir()
    snakemake(root / "work", "-s", str(root / "Snakefile"), "--", TARGET)
    assert (root / "work" / TARGET).exists()


def test_changed_values_are_a_scale_of_their_own(tmp_path):
    words = (
        "-s",
        str(ROOT / "Snakefile"),
        "--config",
        "set=adversarial.epochs=2,attack.epsilon=1/10",
    )
    changed = "smoke+adversarial.epochs=2+attack.epsilon=0.1"
    manifest = f"results/{changed}/runs/digits-at-s0/manifest.json"
    snakemake(tmp_path, *words, "--", manifest)
    assert (tmp_path / manifest).exists() and [
        path.name for path in (tmp_path / "results").iterdir()
    ] == [changed]
    planned = snakemake(tmp_path, *words, "-n", "--", "smoke")
    assert (
        f"results/{changed}/report.html" in planned and "results/smoke/" not in planned
    )


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("seed=2", "unknown key 'seed'; did you mean 'seeds'?"),
        ("seeds=0", "seeds must be within [1, 1000], got 0"),
        ("seeds=1.5", "seeds must be int, got 1.5"),
        ("seeds=abc", "seeds must be int, got 'abc'"),
        ("set=attack.epsilonn=1", "unknown key 'epsilonn'; did you mean 'epsilon'?"),
        ("plan=none.yaml", "none.yaml: no such file"),
    ],
)
def test_a_wrong_configuration_is_one_line_that_says_what_is_allowed(
    tmp_path, setting, said
):
    text = snakemake(
        tmp_path,
        "-s",
        str(ROOT / "Snakefile"),
        "-n",
        "--config",
        setting,
        "--",
        "smoke",
        rc=1,
    )
    assert said in text and "Traceback" not in text


def test_a_plan_of_ones_own(tmp_path):
    (tmp_path / "plan.yaml").write_text(
        "base: default\ntable2:\n  - {data: ten_classes, method: trades, beta: 3}\n"
    )
    words = (
        "-s",
        str(ROOT / "Snakefile"),
        "-n",
        "--config",
        "plan=plan.yaml",
        "--",
        "results/smoke/tables/table2.md",
    )
    text = snakemake(tmp_path, *words)
    assert "digits-trades-beta3-s0" in text and "digits-te-s0" in text


def test_the_lock_holds_every_pin_and_a_hash_for_each_package():
    import tomllib

    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "dependencies"
    ]
    lines = [
        line
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert set(pins) <= {line.split()[0] for line in lines} and len(lines) > 2 * len(
        pins
    )
    assert all(len(line.partition("--hash=sha256:")[2]) == 64 for line in lines)


def test_the_image_is_built_from_the_lock():
    assert (
        "--require-hashes -r /tmp/requirements.lock"
        in (ROOT / "Dockerfile").read_text()
    )
