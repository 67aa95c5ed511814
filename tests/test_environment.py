"""`make install` from a newcomer's shell: a Python that is too old, a .venv that is of no use any more."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from tools import ROOT, Done, output, run

# A Python that says it is of another version; asked for a virtual environment, it makes one of itself.
STUB = """#!/bin/sh
if [ "$1" = -c ]; then
    exec {python} -c 'import sys; sys.version_info = ({version}, "final", 0); exec(sys.argv[1])' "$2"
fi
mkdir -p "$3/bin"
cp "$0" "$3/bin/python"
printf '#!%s/.venv/bin/python\\n' "$PWD" > "$3/bin/pip"
"""


def stub(folder: Path, name: str, version: str) -> None:
    folder.mkdir(exist_ok=True)
    text = STUB.format(python=sys.executable, version=version.replace(".", ", "))
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


@pytest.fixture
def checkout(tmp_path) -> Path:
    """What `make venv` needs, beside a folder of Pythons: an old one, and two that will do."""
    root = tmp_path / "checkout"
    (root / "workflow").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", root)
    shutil.copy(ROOT / "workflow/environment.sh", root / "workflow")
    stub(tmp_path / "bin", "python3", "3.10.13")
    stub(tmp_path / "bin", "python3.12", "3.12.1")
    stub(tmp_path / "bin", "python3.13", "3.13.5")
    for name in ("sh", "make", "mkdir", "rm", "touch", "cut", "head", "grep", "cp"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return root


def venv(checkout: Path, *words: str) -> Done:
    return run(
        checkout, "make", "venv", *words, PATH=str(checkout.parent / "bin"), PYTHON=""
    )


def version(checkout: Path) -> str:
    """What the .venv's Python says of itself."""
    words = ("-c", "import sys; print(sys.version_info[:2])")
    return run(checkout, ".venv/bin/python", *words).stdout.strip()


def test_a_python_that_is_too_old_is_one_line_before_anything_is_made(checkout):
    done = venv(checkout, "PYTHON=python3")
    assert done.returncode != 0 and not (checkout / ".venv").exists()
    assert [
        line for line in done.stderr.splitlines() if not line.startswith("make")
    ] == [
        "Python 3.11 or newer is needed, python3 is 3.10.13; say `make install PYTHON=...`"
    ]


def test_without_a_word_the_first_python_that_will_do_is_taken(checkout):
    output(venv(checkout))
    assert version(checkout) == "(3, 12)"


def test_where_none_will_do_it_says_what_there_is(checkout):
    for name in ("python3.12", "python3.13"):
        (checkout.parent / "bin" / name).unlink()
    done = venv(checkout)
    assert done.returncode != 0 and not (checkout / ".venv").exists()
    assert "needed, python3 is 3.10.13; say" in done.stderr
    (checkout.parent / "bin/python3").write_text("#!/bin/sh\nexit 127\n")
    for words in ((), ("PYTHON=python3",)):
        assert "needed, python3 does not start; say" in venv(checkout, *words).stderr
    (checkout.parent / "bin/python3").unlink()
    assert "needed, there is none on the PATH; say" in venv(checkout).stderr
    assert "python4: no such Python" in venv(checkout, "PYTHON=python4").stderr


def test_a_venv_that_works_is_kept(checkout):
    output(venv(checkout))
    (checkout / ".venv/mine").touch()
    assert output(venv(checkout)) == ""
    assert output(venv(checkout, "PYTHON=python3.12")) == ""
    assert (checkout / ".venv/mine").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "its Python does not start"),
        ("rm .venv/bin/pip", "it was made in another folder"),
        ("touch .venv/.unfinished", "its installation was cut off"),
        ("cp ../bin/python3 .venv/bin/python", "it is of Python 3.10.13"),
    ],
)
def test_a_venv_of_no_use_is_made_anew(checkout, words, why):
    output(venv(checkout))
    output(run(checkout, "sh", "-c", words or "rm .venv/bin/python; touch .venv/mine"))
    assert why in output(venv(checkout))
    assert version(checkout) == "(3, 12)" and not (checkout / ".venv/mine").exists()


def test_another_python_that_is_asked_for_makes_it_anew(checkout):
    output(venv(checkout))
    assert "of another Python than python3.13" in output(
        venv(checkout, "PYTHON=python3.13")
    )
    assert version(checkout) == "(3, 13)"


@pytest.mark.parametrize(
    ("does", "finished"), [("kill -9 $$", False), ("exit 1", True)]
)
def test_a_killed_installation_is_made_anew_and_a_failed_one_kept(
    checkout, does, finished
):
    output(venv(checkout))
    pip = checkout / ".venv/bin/pip"
    pip.write_text(f"#!/bin/sh\n# {checkout}/.venv/bin/python\n{does}\n")
    pip.chmod(0o755)
    done = run(checkout, "workflow/environment.sh", "pip", "install", "x")
    assert done.returncode != 0
    said = output(venv(checkout))
    assert (said == "") == finished and ("was cut off" in said) != finished


def test_a_checkout_that_moved_gets_a_venv_of_its_own(checkout):
    """A real environment, whose scripts name the folder that they were made in."""
    odd, moved = checkout.with_name("it's here"), checkout.with_name("moved")
    os.rename(checkout, odd)
    real = f"PYTHON={sys.executable}"
    output(venv(odd, real))
    assert output(venv(odd, real)) == ""
    os.rename(odd, moved)
    assert "it was made in another folder" in output(venv(moved))
    assert version(moved) == "(3, 12)"
