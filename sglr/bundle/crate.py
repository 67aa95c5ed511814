"""The archive described as a Workflow Run RO-Crate (profile 0.5, on RO-Crate 1.1). Imports no torch.

The main entity is the workflow, one action its run, and each training that lies in the archive an action of its own.
No record keeps the time of day, so the actions have none; the manifests have seconds, commit, versions and device.
"""

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sglr.bundle.citation import citation
from sglr.bundle.contents import ENVIRONMENT
from sglr.collected.results import read_manifests
from sglr.files.origin import version_of
from sglr.plan.names import LEDGER
from sglr.plan.plan import Plan

if TYPE_CHECKING:
    from rocrate.model.entity import Entity
    from rocrate.rocrate import ROCrate

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_TYPES = {".md": "text/markdown", ".yaml": "application/yaml", ".csv": "text/csv"}
_MAIN = "workflow/Snakefile"


def metadata(plan: Plan, folder: Path, names: list[str]) -> dict[str, Any]:
    """Return ro-crate-metadata.json of an archive with files of these names; `folder` is results/{scale}."""
    from rocrate.rocrate import ROCrate  # half a second, and no other command needs it

    crate, said = ROCrate(version="1.1"), citation()
    _describe_root(crate, plan, said)
    _add_files(crate, plan.scale.name, names)
    _add_workflow(crate, plan.scale.name, said)
    _add_run(crate, plan, folder)
    return crate.metadata.generate()


def _describe_root(crate: "ROCrate", plan: Plan, said: dict[str, Any]) -> None:
    root = crate.root_dataset
    root["name"] = f"{said['title']}: {plan.scale.name}"
    root["description"] = (
        f"Runs, tables, figures and judged claims ({plan.scale.label})"
    )
    root["datePublished"] = said["date-released"]
    root["license"] = _entity(
        crate,
        f"https://spdx.org/licenses/{said['license']}",
        "CreativeWork",
        name=said["license"],
    )
    (author,) = said["authors"]
    root["author"] = root["publisher"] = _entity(
        crate,
        "#authors",
        "Organization",
        name=author["name"],
        url=said["repository-code"],
    )
    root["conformsTo"] = [
        _entity(crate, link, "CreativeWork", name=name, version=link.rpartition("/")[2])
        for link, name in _PROFILES.items()
    ]


def _entity(crate: "ROCrate", id: str, type: str, **properties: Any) -> "Entity":
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, id, {"@type": type} | properties))


def _add_files(crate: "ROCrate", scale: str, names: list[str]) -> None:
    """Each file by itself that is no run's and no source; the others as folders."""
    results = f"results/{scale}"
    folders = {
        f"{results}/runs/": "what each training and its measurements left behind",
        f"{results}/collected/": "what tables, figures and claims are made from",
        f"{results}/tables/": "the tables",
        f"figures/{scale}/": "the figures",
        "config/": "what is run: the plan, the scales, the claims, published numbers",
        "sglr/": "the package that computes, draws and judges",
        "workflow/": "the rules",
        "docs/": "the methods, the statistics, what deviates",
        "profiles/": "how Snakemake runs them here and on clusters",
    }
    for name, words in folders.items():
        crate.add_directory(
            dest_path=name, properties={"name": name, "description": words}
        )
    inside = (f"{results}/runs/", f"{results}/collected/", "sglr/", "workflow/")
    for name in names:
        if not name.startswith((*inside, "docs/", "profiles/")):
            crate.add_file(dest_path=name, properties=_file(name))
    crate.get("README.md")["about"] = crate.root_dataset


def _file(name: str) -> dict[str, str]:
    kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    return {"name": name, "encodingFormat": kind or "text/plain"}


def _add_workflow(crate: "ROCrate", scale: str, said: dict[str, Any]) -> None:
    workflow = crate.add_workflow(
        dest_path=_MAIN,
        main=True,
        lang="snakemake",
        lang_version=version_of("snakemake"),
        properties=_file(_MAIN) | {"name": said["title"], "version": said["version"]},
    )
    workflow["conformsTo"] = {"@id": _WORKFLOW}
    workflow["license"] = crate.license
    workflow["author"] = crate.root_dataset["author"]
    workflow["url"] = said["repository-code"]
    workflow["softwareRequirements"] = [crate.get(name) for name in ENVIRONMENT]
    results = f"results/{scale}"
    workflow["input"] = [
        _parameter(crate, "plan", "File", crate.get("config/plan.yaml")),
        _parameter(crate, "claims", "File", crate.get("config/claims.yaml")),
        _parameter(crate, "scale", "Text", _scale(crate, scale)),
    ]
    workflow["output"] = [
        _parameter(crate, "runs", "Dataset", crate.get(f"{results}/runs/")),
        _parameter(crate, "tables", "Dataset", crate.get(f"{results}/tables/")),
        _parameter(crate, "figures", "Dataset", crate.get(f"figures/{scale}/")),
        _parameter(crate, "ledger", "File", crate.get(f"{results}/{LEDGER[0]}")),
    ]


def _scale(crate: "ROCrate", name: str) -> "Entity":
    return _entity(crate, "#scale-value", "PropertyValue", name="scale", value=name)


def _parameter(crate: "ROCrate", name: str, kind: str, value: "Entity") -> "Entity":
    """A parameter of the workflow, and `value` as its example."""
    parameter = _entity(
        crate, f"#{name}", "FormalParameter", name=name, additionalType=kind
    )
    parameter["conformsTo"] = _entity(
        crate, _PARAMETER, "CreativeWork", name="FormalParameter", version="1.0-RELEASE"
    )
    parameter["workExample"], value["exampleOfWork"] = value, parameter
    return parameter


def _add_run(crate: "ROCrate", plan: Plan, folder: Path) -> None:
    workflow, scale = crate.mainEntity, plan.scale.name
    manifests = read_manifests(folder, plan.scale)
    done = sum(run in manifests for run in plan.runs)
    action = _entity(
        crate,
        "#run",
        "CreateAction",
        name=f"snakemake {scale}",
        description=f"{done} of {len(plan.runs)} planned trainings and {len(manifests) - done} others are here.",
        instrument=workflow,
        agent=crate.root_dataset["author"],
        object=[parameter["workExample"] for parameter in workflow["input"]],
        result=[parameter["workExample"] for parameter in workflow["output"]],
    )
    package = _entity(
        crate,
        f"{workflow['url']}#sglr",
        "SoftwareApplication",
        name="sglr",
        version=workflow["version"],
        url=workflow["url"],
    )
    trainings = [
        _training(crate, package, run, manifest, scale)
        for run, manifest in manifests.items()
    ]
    crate.root_dataset["mentions"] = [action, *trainings]


def _training(
    crate: "ROCrate",
    package: "Entity",
    run: str,
    manifest: dict[str, Any],
    scale: str,
) -> "Entity":
    """What one training's manifest says of how it came about."""
    origin, seconds = manifest["origin"], sum(manifest["seconds_per_epoch"])
    versions = ", ".join(f"{name} {each}" for name, each in origin["versions"].items())
    left = crate.add_directory(
        dest_path=f"results/{scale}/runs/{run}/", properties={"name": run}
    )
    return _entity(
        crate,
        f"#train-{run}",
        "CreateAction",
        name=f"sglr train {run} --scale {scale}",
        description=f"{seconds:.0f} seconds on {origin['device']}, commit {origin['commit']}, "
        f"seed {manifest['run_settings']['seed']}, Python {origin['python']}, {versions}",
        instrument=package,
        agent=crate.root_dataset["author"],
        result=left,
    )
