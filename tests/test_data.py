"""The data: which images, disjoint, balanced, the same ones each time; augmentation; CIFAR where there is one."""

import errno
import hashlib
import os
import pickle
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock, Timeout
from sklearn.datasets import load_digits

from sglr.data import cifar, load_splits
from sglr.data.augment import augment
from sglr.data.digits import number_parts
from sglr.data.images import ImageSet, Splits, balanced_order
from sglr.files import disk
from sglr.files.errors import UsageError
from sglr.plan.scale_files import load_scale
from sglr.plan.scales import DataSpec

torch.set_num_threads(1)


def load(source: str, *sizes: int, noise: float = 0.0, seed: int = 0) -> Splits:
    return load_splits(DataSpec(source, source, *sizes), label_noise=noise, seed=seed)


def parts_of(splits: Splits) -> list[ImageSet]:
    return [splits.train, splits.validation, splits.test]


def contents(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def assert_disjoint(*sets: set[bytes]) -> None:
    assert sum(len(part) for part in sets) == len(set.union(*sets))


def assert_balanced(part: ImageSet, num_classes: int, slack: int = 0) -> None:
    counts = torch.bincount(part.labels, minlength=num_classes)
    assert len(counts) == num_classes and counts.max() - counts.min() <= slack


@pytest.mark.parametrize("scale", ["digits", "smoke"])
def test_digits_of_each_scale_are_disjoint_and_balanced(scale):
    spec = load_scale(scale).data["digits"]
    parts = parts_of(load_splits(spec, label_noise=0.0, seed=0))
    assert [len(part) for part in parts] == [
        spec.num_train,
        spec.num_validation,
        spec.num_test,
    ]
    assert_disjoint(*(contents(part.images) for part in parts))
    for part in parts:
        assert_balanced(part, 10)


def test_digits_keep_pixels_and_labels_together():
    source = load_digits()
    label_of = {
        image.astype(np.uint8).tobytes(): label
        for image, label in zip(source.images, source.target, strict=True)
    }
    splits = load("digits", 1000, 297, 500)  # all 1,797, none lost or doubled
    found = [
        (image.numpy().tobytes(), int(y))
        for p in parts_of(splits)
        for image, y in zip(p.images, p.labels, strict=True)
    ]
    assert dict(found) == label_of and len(found) == 1797


def test_pixels_fill_zero_to_one():
    part = load("digits", 50, 20, 50).train
    assert (
        part.images.dtype == torch.uint8
        and part.labels.dtype == torch.int64
        and part.images.shape == (50, 1, 8, 8)
    )
    x = part.pixels()
    assert x.dtype == torch.float32 and x.min() == 0 and x.max() == 1
    index = torch.tensor([7, 3])
    assert torch.equal(part.pixels(index), x[index])
    assert torch.equal(part.at(index).labels, part.labels[index]) and torch.equal(
        part.to("cpu").pixels(), x
    )


def test_numbers_show_their_label_and_share_no_digit_between_parts():
    source = load_digits()
    label_of = {
        image.astype(np.uint8).tobytes(): label
        for image, label in zip(source.images, source.target, strict=True)
    }
    spec = load_scale("digits").data["numbers"]
    splits = load_splits(spec, label_noise=0.0, seed=0)
    used = []
    for part in parts_of(splits):
        assert part.images.shape[1:] == (1, 8, 16)
        assert_balanced(part, 100)
        left, right = part.images[..., :8], part.images[..., 8:]
        for number, first, second in zip(
            part.labels.tolist(), left, right, strict=True
        ):
            assert (
                number
                == 10 * label_of[first.numpy().tobytes()]
                + label_of[second.numpy().tobytes()]
            )
        used.append(contents(left) | contents(right))
    assert_disjoint(*used)


@pytest.mark.parametrize("source", ["digits", "numbers"])
def test_the_seed_decides_the_noise_and_nothing_else(source):
    first, again, other = (
        load(source, 500, 200, 300, noise=0.4, seed=seed) for seed in (0, 0, 1)
    )
    for a, b, c in zip(parts_of(first), parts_of(again), parts_of(other), strict=True):
        assert (
            torch.equal(a.images, b.images)
            and torch.equal(a.labels, b.labels)
            and torch.equal(a.images, c.images)
        )
    assert torch.equal(first.true_labels, other.true_labels)
    assert not torch.equal(first.train.labels, other.train.labels)
    assert torch.equal(first.validation.labels, other.validation.labels)
    assert torch.equal(first.test.labels, other.test.labels)
    assert first.corrupted.sum() == 200
    assert torch.equal(
        first.train.labels[~first.corrupted], first.true_labels[~first.corrupted]
    )
    assert torch.equal(first.true_labels, load(source, 500, 200, 300).train.labels)


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    load("numbers", 200, 100, 100, noise=0.4)
    assert torch.equal(before, torch.get_rng_state())


def test_more_digits_than_there_are_is_one_clear_line():
    with pytest.raises(
        UsageError,
        match=r"^digits has 1797 images in all; the scale asks for \[1000, 500, 500\]$",
    ):
        load("digits", 1000, 500, 500)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            {"num_train": 5},
            "digits: num_train is 5, and no image among them is of class",
        ),
        ({"num_validation": 9}, "digits: num_validation is 9, and no image among them"),
        ({"num_test": 1}, "digits: num_test is 1, and no image among them is of class"),
    ],
)
def test_a_class_without_an_image_is_named_with_its_split(sizes, message):
    spec = replace(load_scale("smoke").data["digits"], **sizes)
    with pytest.raises(UsageError, match=message):
        load_splits(spec, label_noise=0.0, seed=0)


def test_balanced_order_is_a_permutation_whose_beginnings_are_balanced():
    labels = torch.from_numpy(load_digits().target).long()
    order = balanced_order(labels, torch.Generator().manual_seed(3))
    assert torch.equal(order.sort().values, torch.arange(1797))
    for count in (1, 9, 10, 57, 1200, 1740):  # the smallest class has 174
        counts = torch.bincount(labels[order[:count]], minlength=10)
        assert counts.max() - counts.min() <= 1
    # No fixed turn of the classes.
    assert not torch.equal(labels[order[:10]], labels[order[10:20]])
    assert not torch.equal(
        order, balanced_order(labels, torch.Generator().manual_seed(4))
    )


def augment_slowly(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One image and one pixel at a time, the choices drawn in the same order."""
    count, channels, height, width = x.shape
    tops, lefts = (torch.randint(9, (count, 1), generator=generator) for _ in range(2))
    flips = torch.rand(count, 1, generator=generator) < 0.5
    out = torch.zeros_like(x)
    for n in range(count):
        for i in range(height):
            for j in range(width):
                row = i + int(tops[n]) - 4
                column = (width - 1 - j if flips[n] else j) + int(lefts[n]) - 4
                if 0 <= row < height and 0 <= column < width:
                    out[n, :, i, j] = x[n, :, row, column]
    return out


def test_augmentation_equals_a_slow_loop_on_oblong_images_of_three_channels():
    numbers = number_parts([60, 10, 10])[0].pixels()
    # (20, 3, 8, 16): no two sizes alike.
    x = torch.cat([numbers[:20], numbers[20:40], numbers[40:60]], dim=1)
    fast = augment(x, torch.Generator().manual_seed(5))
    assert torch.equal(fast, augment_slowly(x, torch.Generator().manual_seed(5)))
    assert not torch.equal(fast, augment(x, torch.Generator().manual_seed(6)))


def test_augmentation_draws_every_shift_and_either_side_per_image():
    x = torch.zeros(20000, 1, 9, 9)
    x[:, :, 4, 4], x[:, :, 4, 5] = 1.0, 0.5  # the second pixel tells the side
    out = augment(x, torch.Generator().manual_seed(0))[:, 0]
    bright = (out == 1).flatten(1)
    # A shift of at most 4 keeps the centre of a 9x9 image.
    assert bright.sum(1).eq(1).all()
    frequency = bright.float().mean(0) * 81
    assert (
        frequency - 1
    ).abs().max() < 0.3  # 81 cells of 247 expected: sd 0.063, 0.3 is 4.7 sd
    middle = out[(out[:, :, 4] == 1).any(1)]
    mirrored = (middle[:, :, 3] == 0.5).any(1).float().mean()
    assert abs(mirrored - 0.5) < 0.05  # about 2,200 images: sd 0.011


@pytest.fixture(scope="module")
def cifar_root() -> Path:
    root = os.environ.get("SGLR_DATA")
    if not root:
        pytest.skip(
            "SGLR_DATA is not set: no CIFAR to test with, and a test downloads nothing"
        )
    return Path(root)


@pytest.mark.parametrize(
    ("source", "num_classes"), [("cifar10", 10), ("cifar100", 100)]
)
def test_cifar_through_the_loader(cifar_root, source, num_classes):
    from torchvision.datasets import CIFAR10, CIFAR100

    small, large = load(source, 4000, 1000, 500), load(source, 49000, 1000, 10000)
    for splits in (small, large):
        assert (
            splits.train.images.shape[1:] == (3, 32, 32) and splits.train.levels == 255
        )
        assert_disjoint(
            contents(splits.train.images), contents(splits.validation.images)
        )
        assert_balanced(splits.train, num_classes)
        assert_balanced(splits.validation, num_classes)
    # Whatever the number of training images.
    assert torch.equal(small.validation.images, large.validation.images)
    kind = CIFAR10 if source == "cifar10" else CIFAR100
    official = kind(str(cifar_root), train=False, download=False)
    for index in (
        0,
        499,
    ):  # through torchvision's own access: a PIL image, height first, channels last
        image, label = official[index]
        expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        assert (
            torch.equal(small.test.images[index], expected)
            and small.test.labels[index] == label
        )
    with pytest.raises(
        UsageError, match=rf"^{source} has 50000 training and 10000 test images"
    ):
        load(source, 49500, 1000, 10000)


class Official:
    """Stands where torchvision's CIFAR10 stands: 40 images, and a count of how often they are decoded."""

    read = 0

    def __init__(self, root, train=True, download=False):
        Official.read += 1
        count = 30 if train else 10
        self.data = np.random.default_rng(train).integers(
            256, size=(count, 32, 32, 3), dtype=np.uint8
        )
        self.targets = [k % 10 for k in range(count)]


def test_cifar_is_decoded_once_and_again_where_the_file_is_damaged(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("SGLR_DATA", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.CIFAR10", Official)
    monkeypatch.setattr(Official, "read", 0)
    first = load("cifar10", 20, 10, 10)
    assert Official.read == 2 and (tmp_path / "cifar10.decoded").exists()
    assert (
        torch.equal(load("cifar10", 20, 10, 10).train.images, first.train.images)
        and Official.read == 2
    )
    content = bytearray((tmp_path / "cifar10.decoded").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "cifar10.decoded").write_bytes(bytes(content))
    assert (
        torch.equal(load("cifar10", 20, 10, 10).train.images, first.train.images)
        and Official.read == 4
    )
    load("cifar10", 20, 10, 10)
    assert Official.read == 4


def test_a_decoded_file_that_cannot_be_written_is_done_without(monkeypatch, tmp_path):
    monkeypatch.setenv("SGLR_DATA", str(tmp_path))
    (tmp_path / "cifar10.decoded").mkdir()  # nothing can be written over a folder
    monkeypatch.setattr("torchvision.datasets.CIFAR10", Official)
    monkeypatch.setattr(Official, "read", 0)
    for _ in range(2):
        assert len(load("cifar10", 20, 10, 10).test) == 10
    assert Official.read == 4


def test_missing_root_is_one_line_that_names_sglr_data(monkeypatch, tmp_path):
    monkeypatch.setenv("SGLR_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError) as error:
        load("cifar10", 100, 100, 100)
    message = str(error.value)
    assert (
        "SGLR_DATA" in message
        and "nowhere" in message
        and "cifar10" in message
        and "\n" not in message
    )


def test_one_changed_byte_in_the_root_is_refused(cifar_root, monkeypatch, tmp_path):
    folder = shutil.copytree(
        cifar_root / "cifar-10-batches-py", tmp_path / "cifar-10-batches-py"
    )
    damaged = folder / "data_batch_3"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.chmod(0o644)
    damaged.write_bytes(bytes(content))
    monkeypatch.setenv("SGLR_DATA", str(tmp_path))
    with pytest.raises(UsageError, match="SGLR_DATA"):
        load("cifar10", 100, 100, 100)


@pytest.mark.parametrize(
    ("given", "root", "state"),
    [(None, "data", "is not set"), ("/given", "/given", "is /given")],
)
def test_only_without_sglr_data_is_anything_downloaded(
    monkeypatch, tmp_path, given, root, state
):
    asked = []

    class Unreachable:
        filename, tgz_md5 = "archive.tar.gz", ""

        def __init__(self, root, train=True, download=False):
            asked.append((root, download))
            raise OSError("no route\nto host")

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SGLR_DATA", raising=False)
    if given:
        monkeypatch.setenv("SGLR_DATA", given)
    monkeypatch.setattr("torchvision.datasets.CIFAR100", Unreachable)
    with pytest.raises(
        UsageError,
        match=rf"^SGLR_DATA {state}: no intact cifar100 in {root}/ \(OSError: no route to host",
    ):
        load("cifar100", 100, 100, 100)
    assert {download for _, download in asked} == {False, given is None}
    assert {each for each, _ in asked} == {root}


def test_one_of_two_jobs_downloads_at_a_time(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SGLR_DATA", raising=False)
    locked = []

    class CIFAR10:
        filename, tgz_md5 = "archive.tar.gz", ""

        def __init__(self, root, train=True, download=False):
            if download:
                with pytest.raises(Timeout):
                    FileLock("data/cifar10.lock").acquire(timeout=0)
                locked.append(True)
            raise OSError("enough")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", CIFAR10)
    with pytest.raises(UsageError, match="enough"):
        load("cifar10", 100, 100, 100)
    assert locked == [True]
    FileLock("data/cifar10.lock").acquire(timeout=0)  # and it is free again


@pytest.fixture
def small_cifar(monkeypatch) -> type:
    """CIFAR-10's official class, told of an archive of 40 images in the official format."""
    from torchvision.datasets import CIFAR10

    for name in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, name, [[f"{name}_batch", None]])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": None})
    return CIFAR10


def pack(root: Path, kind: type) -> Path:
    """Write the archive into `root`."""
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    for name, count in (("train_list_batch", 30), ("test_list_batch", 10)):
        images = np.random.default_rng(count).integers(256, size=(count, 3072))
        labels = [k % 10 for k in range(count)]
        batch = {"data": images.astype(np.uint8), "labels": labels}
        (folder / name).write_bytes(pickle.dumps(batch))
    names = pickle.dumps({"label_names": list("abcdefghij")})
    (folder / kind.meta["filename"]).write_bytes(names)
    with tarfile.open(root / kind.filename, "w:gz") as archive:
        archive.add(folder, kind.base_folder)
    shutil.rmtree(folder)
    return root / kind.filename


def test_an_archive_that_is_there_alone_is_extracted(
    small_cifar, monkeypatch, tmp_path
):
    archive = pack(tmp_path, small_cifar)
    monkeypatch.setenv("SGLR_DATA", str(tmp_path))
    with pytest.raises(UsageError, match="no intact cifar10"):  # of another content
        load("cifar10", 20, 10, 10)
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(small_cifar, "tgz_md5", md5)
    assert len(load("cifar10", 20, 10, 10).train) == 20


def test_data_that_cannot_be_written_beside_are_read(
    small_cifar, monkeypatch, tmp_path
):
    pack(tmp_path / "data", small_cifar)
    with tarfile.open(tmp_path / "data" / small_cifar.filename) as archive:
        archive.extractall(tmp_path / "data", filter="data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SGLR_DATA", raising=False)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system", "data")

    monkeypatch.setattr(cifar, "FileLock", refuse)
    monkeypatch.setattr(disk, "open", refuse, raising=False)
    assert len(load("cifar10", 20, 10, 10).train) == 20
    assert not (tmp_path / "data/cifar10.decoded").exists()
