"""A user's own files never take the place of our packages: they are passed over, or named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import AN_OUTLINE, write

ROOT = Path(__file__).parents[2]
SHADOWS = {
    "ingest.py": "raise SystemExit('theirs')",
    "index/__init__.py": "",
    "ui/app.js": "",
    "typing_inspect.py": "x",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with files and folders that are named like our packages."""
    place = tmp_path / "own work"
    for name, content in SHADOWS.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content)
    return place


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    paths = {"PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        command, cwd=folder, capture_output=True, encoding="utf-8", timeout=120, env={**os.environ, **paths}
    )


@pytest.mark.parametrize("module", ["kb", "kb.cli"])
def test_python_dash_m_passes_them_over(folder: Path, home: Path, module: str) -> None:
    write(folder, note=AN_OUTLINE)
    done = run([sys.executable, "-m", module, "ingest", "note.md", "--home", str(home)], folder)
    assert done.returncode == 0, done.stderr
    assert "added 1" in done.stdout


def test_the_installed_command_passes_them_over(folder: Path, home: Path) -> None:
    done = run([str(Path(sys.executable).with_name("kb")), "status", "--home", str(home)], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["ingest.py", "index", "ui"])
def test_opened_from_python_the_one_in_the_way_is_named(tmp_path: Path, home: Path, name: str) -> None:
    place = tmp_path / "work"
    path = place / name
    if name.endswith(".py"):
        place.mkdir()
        path.write_text("x = 1")
    else:
        path.mkdir(parents=True)
        (path / "__init__.py").write_text("")
    done = run([sys.executable, "-c", f"import kb; kb.open({str(home)!r}).ingest(['.'])"], place)
    assert done.stderr.splitlines()[-1].startswith(f"kb.errors.InstallationError: {path.resolve()} is in the way: ")


def test_a_folder_without_python_in_it_is_not_in_the_way(tmp_path: Path, home: Path) -> None:
    (tmp_path / "ui").mkdir()
    done = run([sys.executable, "-c", f"import kb; print(kb.open({str(home)!r}).documents())"], tmp_path)
    assert done.stdout == "0\n", done.stderr


def test_the_command_says_it_in_one_line_where_the_search_path_is_set(folder: Path, home: Path) -> None:
    command = [str(Path(sys.executable).with_name("kb")), "status", "--home", str(home)]
    done = run(command, folder, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")
    assert done.returncode == 3
    assert done.stderr.startswith(f"kb: {folder / 'ingest.py'} is in the way: ")
    assert done.stderr.count("\n") == 1
