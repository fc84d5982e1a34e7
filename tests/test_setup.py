"""The set-up keeps its promises: no Paddle is replaced, all is pinned, nothing names a host or a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()


def normal(requirement: str) -> str:
    """The name of a requirement as package indexes spell it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]).lower()


def locked() -> list[str]:
    """The lock's requirements, each with its markers and hashes on one line."""
    return LOCK.replace("\\\n", "").strip().splitlines()


def tracked() -> list[Path]:
    """Every text file of the repository that is committed or about to be."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    files = (ROOT / name for name in listing.stdout.splitlines())
    return [file for file in files if file.is_file() and file.suffix not in {".png", ".gz"}]


def test_installing_us_never_replaces_a_users_paddle():
    assert not [need for need in PROJECT["dependencies"] if "paddle" in normal(need)]
    assert {normal(need) for need in PROJECT["optional-dependencies"]["paddle"]} == {"paddlepaddle"}
    assert not [need for need in PROJECT["optional-dependencies"]["dev"] if "paddle" in normal(need)]


def test_every_dependency_is_pinned_with_a_hash():
    for line in locked():
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
    needs = sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
    assert {normal(need) for need in needs} <= {normal(line) for line in locked()}


def test_the_lock_names_no_host():
    assert "://" not in LOCK
    assert not re.search(r"^\s*(-i|-f|--(?!hash=sha256)|#)", LOCK, re.MULTILINE)


def test_the_lock_gives_every_python_the_same_versions():
    names = [normal(line) for line in locked()]
    assert len(names) == len(set(names))


def test_no_file_names_a_path_of_one_machine():
    pattern = re.compile(r"/(?:tmp|work|root|home|Users)/[A-Za-z0-9._]")
    named = {file.relative_to(ROOT): pattern.findall(file.read_text()) for file in tracked()}
    assert not {file: found for file, found in named.items() if found}


def test_the_references_import_numpy_and_the_standard_library_alone():
    allowed = sys.stdlib_module_names | {"numpy", "refimpl"}
    for file in sorted((ROOT / "refimpl").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "refimpl"] if isinstance(node, ast.ImportFrom) else []
            foreign = [name for name in names if name.split(".")[0] not in allowed]
            assert not foreign, f"{file.name}:{node.lineno}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel that we would publish."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True)
    (built,) = folder.glob("paddle_conformance-*.whl")
    return set(zipfile.ZipFile(built).namelist())


def test_the_wheel_holds_both_packages_and_their_data(wheel: set[str]):
    for package in ("refimpl", "conformance"):
        files = {file for file in tracked() if file.is_relative_to(ROOT / package)}
        assert {str(file.relative_to(ROOT)) for file in files} <= wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
