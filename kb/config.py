"""Settings: defaults, then KB_HOME/config.toml, then `KB_*` variables, then what a caller passes."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kb.errors import StoreError, UsageError

SETTINGS_FILE = "config.toml"
# Settings that had another name: it still works, in variables, in the file and from Python.
RENAMED = {"reader": "reranker"}


def default_home() -> Path:
    """The folder that commands use when none is named. Raises `UsageError` where the user has no home folder."""
    return _of_user(platformdirs.user_data_dir)


def default_cache() -> Path:
    """The folder of exported models. Raises `UsageError` where the user has no home folder."""
    return _of_user(platformdirs.user_cache_dir)


def _of_user(place: Callable[..., str]) -> Path:
    folder = "~"
    with suppress(RuntimeError):
        folder = place("kb", appauthor=False)
    if folder.startswith("~"):  # as in a container whose user is in no list of users
        raise UsageError(
            "This user has no home folder (HOME is not set). Set KB_HOME and KB_CACHE to folders, or set HOME."
        )
    return Path(folder)


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no such user's folder: {path}") from None


def _parts(value: object) -> object:
    """A list as people write it in a variable: with commas, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("it should be a list with commas, such as a,b") from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _hosts(names: list[str]) -> list[str]:
    for name in names:
        if not re.fullmatch(r"[\w.-]+|\[?[0-9A-Fa-f:]+\]?", name):
            raise ValueError(f"{name!r} is no host; write only its name, such as feeds.example.org")
    return names


Words = Annotated[list[str], NoDecode, BeforeValidator(_parts)]
Hosts = Annotated[Words, AfterValidator(_hosts)]
DEFAULT_MODEL = "all-MiniLM-L6-v2"


def model_name(name: str) -> str:
    """The name by which an embedding model is known: a folder's absolute path, so that it is the same everywhere."""
    if name == DEFAULT_MODEL:
        return name
    with suppress(RuntimeError):
        folder = Path(name).expanduser()
        return str(folder.absolute()) if folder.is_dir() else name
    return name


class Config(BaseSettings):
    """What can be set. Every field has a `KB_` variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_prefix="KB_", env_ignore_empty=True, extra="ignore", frozen=True)

    home: Annotated[Path, AfterValidator(_expanded)] = Field(
        default_factory=default_home, description="The folder of the knowledge base; not in config.toml."
    )
    cache: Annotated[Path, AfterValidator(_expanded)] = Field(
        default_factory=default_cache,
        description="Exported models; can be deleted at any time.",
    )
    model: Annotated[str, AfterValidator(model_name)] = Field(
        DEFAULT_MODEL, description="The embedding model: a name or a folder."
    )
    backend: Literal["auto", "openvino", "onnx", "torch"] = Field("auto", description="What runs the embedding model.")
    threads: int = Field(0, ge=0, le=1024, description="Threads for embedding; 0 takes the machine's cores.")
    max_file_mb: float = Field(20.0, gt=0, description="Text files above this size are refused by name.")
    allow_hosts: Hosts = Field([], description="Hosts that may be fetched from though they are not public.")
    full_text: int = Field(20, ge=0, description="Pages that a digest reads whole, the most promising first.")
    arxiv_api: str = Field("https://export.arxiv.org/api/query", description="Where papers of arXiv are looked up.")
    chan_api: str = Field("https://a.4cdn.org", description="Where threads are fetched.")
    chan_archives: Words = Field(
        ["https://desuarchive.org", "https://archived.moe"], description="FoolFuuka archives for threads that are gone."
    )
    llm_url: str = Field("", description="An OpenAI-compatible endpoint, such as http://localhost:11434/v1.")
    llm_model: str = Field("", description="The language model that the endpoint is asked for.")
    llm_key: SecretStr | None = Field(None, description="The endpoint's key; never printed or stored.")
    llm_context: int = Field(8192, ge=512, description="Tokens that the language model reads and writes together.")
    llm_timeout: float = Field(60.0, gt=0, description="Seconds to wait for the language model.")
    reranker: bool = Field(True, description="Whether the reranker that ships with kb chooses sentences and abstains.")
    whisper: str = Field("small", description="The Whisper model that hears recordings: a name, or a folder or file.")
    whisper_engine: Literal["faster-whisper", "openai-whisper"] = Field(
        "faster-whisper", description="What runs Whisper; openai-whisper is an extra."
    )
    whisper_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where Whisper runs.")
    whisper_language: str = Field("", description="The language of recordings, such as en; empty finds it out.")
    cards_a_day: int = Field(100, ge=1, description="Cards that a review asks on one day.")
    new_cards_a_day: int = Field(20, ge=0, description="Cards among them that were never answered before.")
    level: Literal["eli5", "beginner", "practitioner", "expert"] = Field(
        "practitioner", description="The level of an answer when none is asked for."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Passed values first, then variables, then the file; no .env is read."""
        sources = (init_settings, env_settings, _OldVariables(settings_cls))
        return (*sources, _File(settings_cls)) if cls.model_config.get("toml_file") else sources


class _OldVariables(PydanticBaseSettingsSource):
    """Variables under the former names of their settings."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Not used: all are given at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return {new: os.environ[name] for old, new in RENAMED.items() if (name := f"KB_{old.upper()}") in os.environ}


class _File(TomlConfigSettingsSource):
    """config.toml, former names of settings included."""

    def __call__(self) -> dict[str, Any]:
        return _renamed(super().__call__())


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Settings under their names of today; a setting under both names is taken from the one of today."""
    today = {name: value for name, value in values.items() if name not in RENAMED}
    return {RENAMED[name]: value for name, value in values.items() if name in RENAMED} | today


def load(home: Path | None = None, **overrides: Any) -> Config:
    """Read the settings for one home.

    Raises `UsageError` for a value that cannot be, naming the setting, and `StoreError` for a home that is a file.
    """
    chosen = _renamed({key: value for key, value in overrides.items() if value is not None})
    if home is not None:
        chosen["home"] = Path(home)
    for name in chosen:
        if name not in Config.model_fields:
            raise UsageError(f"There is no setting {name!r}.{_meant(name)}")
    file: Path | None = None
    try:
        folder = Config(**chosen).home.absolute()
        for place in (folder, *folder.parents):
            if place.exists() and not place.is_dir():
                raise StoreError(f"The home {place} is a file, not a folder. Name a folder with --home or KB_HOME.")
        _have_home(folder)
        chosen["home"], file = folder, folder / SETTINGS_FILE
        _check_names(file)

        class _FromFile(Config):
            model_config = SettingsConfigDict(toml_file=file)

        return _FromFile(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        where = _place_of(str(first["loc"][0]), chosen, file)
        raise UsageError(f"{where} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None


def _have_home(folder: Path) -> None:
    """Let libraries that ask for the user's home folder have one, where the user has none."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(folder)


def _place_of(name: str, passed: Iterable[str], file: Path | None) -> str:
    """Where a setting's value comes from, for a message."""
    variable = f"KB_{name.upper()}"
    if name in passed:
        return f"The setting {name}"
    former = [f"KB_{old.upper()}" for old, new in RENAMED.items() if new == name]
    for known in (variable, *former):
        if any(key.upper() == known for key in os.environ):
            return f"The variable {known}"
    return f"The setting {name} in {file}" if file is not None else f"The setting {name} ({variable})"


def _check_names(file: Path) -> None:
    """Raise `UsageError` for a settings file that is none, or that sets something that there is not."""
    try:
        text = file.read_text(encoding="utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("it begins with a byte order mark; save it as UTF-8 without one")
        named = tomllib.loads(text)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"The settings file {file} cannot be read: {why}.") from None
    for name in named:
        if name == "home":
            raise UsageError(f"{file} cannot say where the data folder is, since it lies in it. Set KB_HOME.")
        if name not in Config.model_fields and name not in RENAMED:
            raise UsageError(f"There is no setting {name!r}, as {file} has it.{_meant(name)}")


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, Config.model_fields, 1)
    return f" Did you mean {near[0]}?" if near else " docs/settings.md lists them all."
