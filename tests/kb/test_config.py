"""Settings: lists with commas, and a message that names the place of what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kb import config
from kb.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("written", ["127.0.0.1,feeds.test", "127.0.0.1, feeds.test,", '["127.0.0.1", "feeds.test"]'])
def test_a_list_is_read_with_commas_or_as_json(home: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("KB_ALLOW_HOSTS", written)
    assert config.load(home).allow_hosts == ["127.0.0.1", "feeds.test"]


def test_one_word_is_a_list_of_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_ALLOW_HOSTS", "127.0.0.1")
    assert config.load(home).allow_hosts == ["127.0.0.1"]


def test_a_list_in_the_file_is_read(home: Path) -> None:
    settings(home, 'allow_hosts = ["a.test"]\nchan_archives = "x.test, y.test"')
    read = config.load(home)
    assert (read.allow_hosts, read.chan_archives) == (["a.test"], ["x.test", "y.test"])


def settings(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    file = home / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def message(home: Path) -> str:
    with pytest.raises(UsageError) as raised:
        config.load(home)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_wrong_variable_is_named_and_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_THREADS", "many")
    assert message(home).startswith("The variable KB_THREADS is wrong: ")
    assert "config.toml" not in message(home)


def test_a_list_that_is_half_json_names_its_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_ALLOW_HOSTS", '["127.0.0.1"')
    assert message(home) == "The variable KB_ALLOW_HOSTS is wrong: it should be a list with commas, such as a,b."


def test_a_wrong_value_in_the_file_names_the_file(home: Path) -> None:
    file = settings(home, "threads = -1")
    assert message(home).startswith(f"The setting threads in {file} is wrong: ")


def test_an_unknown_setting_is_named_with_what_was_perhaps_meant(home: Path) -> None:
    file = settings(home, 'modle = "x"')
    assert message(home) == f"There is no setting 'modle', as {file} has it. Did you mean model?"


def test_a_file_that_is_no_toml_is_named(home: Path) -> None:
    file = settings(home, "level = ")
    assert message(home).startswith(f"The settings file {file} cannot be read: ")


def test_every_setting_is_on_its_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert [name for name in config.Config.model_fields if f"`KB_{name.upper()}`" not in page] == []


def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that is run with --user: nothing says where the user's folders are."""
    for name in ("HOME", "KB_HOME", "KB_CACHE", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(UsageError, match=r"^This user has no home folder .* Set KB_HOME and KB_CACHE"):
        config.load()
