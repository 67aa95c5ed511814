"""Where CIFAR's files come from: decoded once, extracted from an archive, downloaded where there is nothing else."""

import errno
import hashlib
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_splits import load
from filelock import FileLock, Timeout

from sglr.data import cifar
from sglr.files import disk
from sglr.files.errors import UsageError


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
