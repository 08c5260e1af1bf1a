"""The house keeps its own rules: names, packing, imports, pages that match the program."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections import Counter
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

from tests.builders import AN_OUTLINE, write

ROOT = Path(__file__).parents[1]
PACKAGES = ("kb", "ingest", "index", "ui")
SLOW = ("torch", "sentence_transformers", "llama_index", "gradio", "transformers", "nltk", "sklearn")


def project() -> dict[str, object]:
    loaded = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    section = loaded["project"]
    assert isinstance(section, dict)
    return section


@pytest.mark.parametrize("name", PACKAGES)
def test_our_package_names_belong_only_to_us(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")
    for distribution in metadata.distributions():
        if distribution.metadata["Name"] != project()["name"]:
            assert not any(f.parts[0] == name for f in distribution.files or ()), distribution.metadata["Name"]


def test_the_project_can_not_be_uploaded_by_accident() -> None:
    assert "Private :: Do Not Upload" in project()["classifiers"]  # type: ignore[operator]


def imported_after(code: str, tmp_path: Path) -> set[str]:
    script = f"import sys\n{code}\nprint('MODULES', *sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, encoding="utf-8", cwd=tmp_path, timeout=120
    )
    assert "MODULES" in done.stderr, done.stderr
    return set(done.stderr.rsplit("MODULES", 1)[1].split())


def test_help_imports_nothing_slow(tmp_path: Path) -> None:
    modules = imported_after("from kb.cli.__main__ import run; run(['--help'])", tmp_path)
    assert "kb.cli.app" in modules
    assert not modules & {*SLOW, "chromadb", "onnxruntime", "openvino", "tantivy", "numpy", "pydantic"}


@pytest.mark.parametrize("command", [["search", "bubble"], ["ask", "What is the bubble?"], ["status"]])
def test_a_query_imports_no_torch_and_no_framework(home: Path, notes: Path, tmp_path: Path, command: list[str]) -> None:
    from kb.cli.__main__ import run

    write(notes, a=AN_OUTLINE)
    assert run(["ingest", str(notes)]) == 0
    modules = imported_after(f"from kb.cli.__main__ import run; run({command!r})", tmp_path)
    assert "index.retriever" in modules
    assert not modules & set(SLOW)


def test_python_dash_m_is_the_same_program() -> None:
    every = [
        subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60).stdout
        for command in (
            [sys.executable, "-m", "kb.cli", "--help"],
            [sys.executable, "-m", "kb", "--help"],
            [str(Path(sys.executable).parent / "kb"), "--help"],
        )
    ]
    assert len(set(every)) == 1
    assert "ingest" in every[0]


def commands_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("commands_page", ROOT / "docs" / "commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    page = commands_page()
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run: make docs"


def test_the_page_of_settings_is_what_the_settings_are() -> None:
    page = commands_page()
    assert page.SETTINGS_PAGE.read_text(encoding="utf-8") == page.settings_page(), "run: make docs"


def test_every_command_in_the_readme_exists() -> None:
    page = commands_page().page()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^(?:\$ )?(kb [a-z]+)", text, re.MULTILINE))
    assert used
    assert all(f"## `{command}`" in page for command in used)


def test_wheel_and_sdist_hold_our_code_and_the_sample_by_name(tmp_path: Path) -> None:
    stray = ROOT / "corpus" / "stray-file-of-a-test.md"
    stray.write_text("private")
    try:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)], cwd=ROOT, check=True, timeout=120
        )
    finally:
        stray.unlink()
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    packed = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} == set(PACKAGES)
    assert sum(name.startswith("kb/_sample/") for name in packed) == 7
    data = (
        "kb/answer/scorer.json",
        "index/models/reader.onnx",
        "index/models/embedder.onnx",
        "index/models/tokenizer.json",
    )
    assert {*data, "kb/text/punkt_english.json", "ui/static/page.css", "ui/static/core.js"} <= set(packed)
    with tarfile.open(sdist) as archive:
        inside = [name.split("/", 1)[1] for name in archive.getnames()]
    files = ("CHANGELOG", "LICENSE", "NOTICE", "README", "constraints", "pyproject", "PKG", ".gitignore")
    allowed = (*(f"{package}/" for package in PACKAGES), "corpus/", *files)
    assert all(name.startswith(allowed) for name in inside)
    assert not any("stray" in name for name in [*packed, *inside])


def test_no_test_stands_beside_an_init_file() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_modules_in_the_picture_of_the_architecture_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"(?:kb|ingest|index|ui)/[\w/]+\.py", page)
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_folder_of_the_architecture_exists() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"^\| `([\w/]+)` \|", page, re.MULTILINE) if not (ROOT / name).is_dir()] == []


def test_no_module_is_longer_than_330_lines() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert [str(path) for path in modules if len(path.read_text(encoding="utf-8").splitlines()) > 330] == []


def test_no_two_classes_share_a_name() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = Counter(
        node.name
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700
