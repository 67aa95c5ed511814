"""What a finished training leaves for others to read: its history, its labels, its manifest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sglr.files.records import write_csv, write_json
from sglr.files.sums import write_sums
from sglr.training.collapse import collapse
from sglr.training.labels import accuracy_rows, course_rows, example_rows

if TYPE_CHECKING:
    from sglr.training.job import Job

# The labels of one example a class at the end; by epoch, how many are right, and one.
LABEL_FILES = ("labels.csv", "label_accuracy.csv", "label_course.csv")


def write_records(job: Job, num_predicted: int) -> None:
    """Write history.csv, the labels and manifest.json, with their checksums, into the run's folder."""
    state, splits = job.state, job.splits
    write_csv(job.folder / "history.csv", state.history)
    _write_labels(job)
    true = splits.train.labels == splits.true_labels
    manifest = {
        "run": job.run.id,
        "scale": job.scale.name,
        "run_settings": job.settings,
        **{
            name: state.checkpoints[name]
            for name in ("best", "best_validation", "final", "trajectory")
        },
        "collapsed": _collapse(job, num_predicted),
        "images_sha256": job.images,
        "taught_by": job.taught_by,
        "fitted": job.recipe.objective.fitted(),
        "untouched_portion": 1 - splits.corrupted.double().mean().item(),
        "true_portion": true.double().mean().item(),
        "clock": job.clock.__name__,
        "seconds_per_epoch": state.seconds,
        "training_seconds_per_epoch": state.training_seconds,
        "engine": asdict(job.engine),
        "stretches": state.stretches,
        "origin": state.stretches[-1]["origin"],
    }
    write_json(job.folder / "manifest.json", manifest)
    write_sums(job.folder, "train", ["history.csv", *LABEL_FILES, "manifest.json"])


def _collapse(job: Job, num_predicted: int) -> str:
    """Why the network is evidence for nothing, said in the log as well; "" where it is."""
    splits = job.splits
    reason = collapse(
        job.state.history,
        num_classes=splits.num_classes,
        num_train=len(splits.train),
        num_test=len(splits.test),
        num_robust=min(job.scale.measurement.num_curve, len(splits.test)),
        num_predicted=num_predicted,
    )
    if reason:
        print(f"{job.run.id} collapsed: {reason}; no claim is judged on it", flush=True)
    return reason


def _write_labels(job: Job) -> None:
    objective, splits, traced = job.recipe.objective, job.splits, job.state.labels
    examples = example_rows(objective, splits.true_labels, splits.num_classes)
    found = (examples, accuracy_rows(traced), course_rows(traced))
    for name, rows in zip(LABEL_FILES, found, strict=True):
        write_csv(job.folder / name, rows)
