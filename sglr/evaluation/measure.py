"""What is measured on the checkpoints of a finished training; each function writes one or two small text files."""

from functools import partial
from typing import Any

from torch import Tensor, nn

from sglr.data.images import ImageSet
from sglr.engine.underway import Part
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.bench import Measured
from sglr.evaluation.confidence import confidence_summary
from sglr.evaluation.finished import Finished
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.information import information_in_weights
from sglr.evaluation.kept import keep_adversarial, write_log
from sglr.evaluation.repeatable import gradient_norm, information, settled
from sglr.files.records import write_csv, write_json
from sglr.files.sums import write_sums
from sglr.models.folding import fold_batchnorm
from sglr.models.networks import build_network
from sglr.plan.bound import measured_networks, measured_with, networks_of


def evaluate(
    finished: Finished, *, with_autoattack: bool, keep_images: bool = False
) -> None:
    """Write evaluation.json: natural, PGD and, if asked, AutoAttack accuracy of best, best_validation and final.

    AutoAttack's log is written beside it, autoattack.log, and with `keep_images` the images that it ends with,
    adversarial-CHECKPOINT.safetensors. Killed at any moment, the same call goes on from the last finished batch.
    """
    underway = finished.underway("evaluate")
    # All are read before the first is measured: a damaged one is said at once, not after hours.
    networks = {name: finished.network(name) for name in finished.checkpoints}
    measured: dict[int, Measured] = {}
    checkpoints: dict[str, Any] = {}
    written = ["evaluation.json"]
    for name, network in networks.items():
        entry = finished.manifest[name]
        epoch = entry["epoch"]
        # Two names may stand for one epoch's network.
        if epoch not in measured:
            measured[epoch] = finished.bench.accuracies(
                fold_batchnorm(network),
                f"{finished.run.id}-{name}",
                with_autoattack=with_autoattack,
                underway=underway,
            )
        checkpoints[name] = entry | measured[epoch].entry
        if keep_images and (attacked := measured[epoch].attacked):
            path = finished.folder / f"adversarial-{name}.safetensors"
            keep_adversarial(path, attacked, finished.splits.test)
            written.append(path.name)
    record = {
        "run": finished.run.id,
        "checkpoints": checkpoints,
        "measured_with": measured_with("evaluate", finished.scale),
        "origin": finished.bench.origin(),
    }
    write_json(finished.folder / "evaluation.json", record)
    if with_autoattack:
        write_log(finished.folder / "autoattack.log", measured.values())
        written.append("autoattack.log")
    write_sums(finished.folder, "evaluate", written)
    underway.close()


def measure_trajectory(finished: Finished) -> None:
    """Write trajectory.csv: gradient norm, information in weights and confidence at every kept epoch.

    A run that keeps none along the way has one row, of its final network.
    """
    first = build_network(finished.run, finished.scale, finished.splits)
    underway = finished.underway("trajectory")
    rows: list[Part] = []
    networks = measured_networks(finished.manifest)
    for entry in networks:  # read before the first is measured, as above
        finished.network_along(entry)
    for entry in networks:
        epoch = entry["epoch"]
        compute = partial(_trajectory_row, finished, first, entry)
        rows.append(underway.part(f"epoch-{epoch:04d}", compute))
        print(
            f"{finished.run.id} epoch {epoch}: gradient norm {rows[-1]['gradient_norm_full']:.4g}, "
            f"robust {rows[-1]['test_pgd20_accuracy']:.2%}",
            flush=True,
        )
    write_csv(finished.folder / "trajectory.csv", rows)
    _write_record(finished, "trajectory", ["trajectory.csv"])
    underway.close()


def _trajectory_row(
    finished: Finished, first: nn.Module, entry: dict[str, Any]
) -> dict[str, float]:
    network = finished.network_along(entry)
    folded = fold_batchnorm(network)
    scale, test = finished.scale, finished.splits.test
    train = finished.splits.train.first(scale.measurement.num_gradient)
    x_train = finished.bench.adversarial(folded, train, scale.attack.curve_steps)
    x_test = finished.bench.adversarial(folded, test, scale.attack.test_steps)
    batches = scale.measurement.num_information_batches
    size = max(1, len(train) // batches)
    equal = train.first(size * batches)  # so that every mini-batch weighs the same
    row = {
        "epoch": entry["epoch"],
        "gradient_norm_full": full_gradient_norm(
            network, x_train, train.labels, scale.measurement.batch_size
        ),
        "information_in_weights": information_in_weights(
            network,
            first,
            x_train[: len(equal)],
            equal.labels,
            batch_size=size,
            num_train=len(finished.splits.train),
        ),
    }
    row |= _settled_row(finished, first, network, x_train)
    for name, x in (("natural", test.pixels()), ("adversarial", x_test)):
        logits = in_batches(folded, x, scale.measurement.batch_size)
        row |= confidence_summary(logits, test.labels, prefix=name)
    return row | {"test_pgd20_accuracy": row["adversarial_accuracy"]}


def _settled_row(
    finished: Finished, first: nn.Module, network: nn.Module, x_train: Tensor
) -> dict[str, float]:
    """The two that repeat on other images, each with its standard error."""
    size = finished.scale.measurement.batch_size
    labels = finished.splits.train.labels[: len(x_train)]
    network = settled(network, x_train, size)
    count = len(finished.splits.train)
    pairs = {
        "gradient_norm_settled": gradient_norm(network, x_train, labels, size),
        "information_settled": information(
            network, first, x_train, labels, batch_size=size, num_train=count
        ),
    }
    row: dict[str, float] = {}
    for name, (value, error) in pairs.items():
        row |= {name: value, f"{name}_se": error}
    return row


def measure_features(finished: Finished) -> None:
    """Write features.csv (t-SNE of training images, true labels) and separability.json (test images)."""
    from sglr.evaluation.features import check_within  # scikit-learn takes a second

    network, underway = finished.network("final"), finished.underway("features")
    size = finished.scale.measurement.batch_size
    few = finished.splits.train.first(finished.scale.measurement.num_features)
    labels = finished.splits.true_labels[: len(few)]
    check_within(labels)  # the figure measures the points that it draws, too
    embed = partial(_embedded, network, few, size)
    points = underway.part("tsne", embed)["points"]
    print(f"{finished.run.id}: t-SNE of {len(few)} images", flush=True)
    rows = [
        {"x": x, "y": y, "label": label}
        for (x, y), label in zip(points, labels.tolist(), strict=True)
    ]
    separate = partial(_separated, network, finished.splits.test, size)
    found = underway.part("separability", separate)
    print(f"{finished.run.id}: silhouette {found['silhouette']:.3f}", flush=True)
    write_csv(finished.folder / "features.csv", rows)
    write_json(finished.folder / "separability.json", found)
    _write_record(finished, "features", ["features.csv", "separability.json"])
    underway.close()


def _embedded(network: nn.Module, images: ImageSet, batch_size: int) -> Part:
    from sglr.evaluation.features import penultimate_features, tsne

    features = penultimate_features(network, images.pixels(), batch_size)
    return {"points": tsne(features).tolist()}


def _separated(network: nn.Module, images: ImageSet, batch_size: int) -> Part:
    from sglr.evaluation.features import penultimate_features, separability

    features = penultimate_features(network, images.pixels(), batch_size)
    return separability(features, images.labels)


def _write_record(finished: Finished, stage: str, names: list[str]) -> None:
    """Write `stage`.json, what was measured and by whom, and the checksums of all that the stage has written."""
    record = {
        "run": finished.run.id,
        "networks": networks_of(stage, finished.manifest),
        "measured_with": measured_with(stage, finished.scale),
        "origin": finished.bench.origin(),
    }
    write_json(finished.folder / f"{stage}.json", record)
    write_sums(finished.folder, stage, [*names, f"{stage}.json"])
