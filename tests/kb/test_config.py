"""Settings: lists with commas, and a message that names the place of what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kb import config
from kb.errors import StoreError, UsageError

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


@pytest.mark.parametrize("place", ["variable", "file", "python"])
def test_a_setting_under_its_former_name_still_works(home: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    if place == "variable":
        monkeypatch.setenv("KB_READER", "0")
    if place == "file":
        settings(home, "reader = false")
    read = config.load(home, **({"reader": False} if place == "python" else {}))
    assert read.reranker is False


def test_the_name_of_today_goes_over_the_former_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_READER", "0")
    monkeypatch.setenv("KB_RERANKER", "1")
    assert config.load(home).reranker is True


def test_a_wrong_value_under_a_former_name_names_that(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_READER", "perhaps")
    assert message(home).startswith("The variable KB_READER is wrong: ")


def test_an_empty_variable_is_as_if_it_were_not_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_MODEL", "")
    monkeypatch.setenv("KB_THREADS", "")
    read = config.load(home)
    assert (read.model, read.threads) == ("all-MiniLM-L6-v2", 0)


def test_a_models_folder_is_known_by_its_absolute_path(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    assert config.load(home, model="models/").model == str(tmp_path / "models")


def test_a_folder_of_the_default_models_name_is_not_taken_for_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert config.load(home).model == "all-MiniLM-L6-v2"


def test_an_unknown_setting_from_python_is_named(home: Path) -> None:
    with pytest.raises(UsageError, match=r"no setting 'modle'. Did you mean model"):
        config.load(home, modle="x")


def test_the_data_folder_cannot_be_set_in_its_own_file(home: Path) -> None:
    settings(home, 'home = "/elsewhere"')
    assert "KB_HOME" in message(home)


def test_what_is_no_host_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_ALLOW_HOSTS", "http://127.0.0.1:8000")
    assert message(home).startswith("The variable KB_ALLOW_HOSTS is wrong: 'http://127.0.0.1:8000' is no host")


def test_a_home_below_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file is a file, not a folder"):
        config.load(tmp_path / "file" / "home")


def test_another_users_folder_that_is_not_there_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_CACHE", "~nosuchuser/cache")
    assert message(home).startswith("The variable KB_CACHE is wrong: there is no such user's folder: ~nosuchuser/cache")


def test_a_byte_order_mark_in_the_file_is_named(home: Path) -> None:
    settings(home, "\ufefflevel = 'eli5'")
    assert "byte order mark" in message(home)


def test_libraries_find_a_home_folder_where_the_user_has_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.setenv("HOME", "")
    config.load(home, cache=home / "cache")
    assert os.environ["HOME"] == str(home)
