"""Settings: defaults, then KB_HOME/config.toml, then `KB_*` variables, then what a caller passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from kb.errors import StoreError, UsageError


def default_home() -> Path:
    """The knowledge base that commands use when none is named."""
    return Path(platformdirs.user_data_dir("kb", appauthor=False))


class Config(BaseSettings):
    """What can be set. Every field has a `KB_` variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_prefix="KB_", extra="ignore", frozen=True)

    home: Path = Field(default_factory=default_home, description="The folder of the knowledge base.")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("kb", appauthor=False)),
        description="Exported models; can be deleted at any time.",
    )
    model: str = Field("all-MiniLM-L6-v2", description="The embedding model: a name or a folder.")
    backend: Literal["auto", "openvino", "onnx", "torch"] = Field("auto", description="What runs the embedding model.")
    threads: int = Field(0, ge=0, description="Threads for embedding; 0 takes the machine's cores.")
    max_file_mb: float = Field(20.0, gt=0, description="Text files above this size are refused by name.")
    allow_hosts: list[str] = Field([], description="Hosts that may be fetched from though they are not public.")
    full_text: int = Field(20, ge=0, description="Pages that a digest reads whole, the most promising first.")
    arxiv_api: str = Field("https://export.arxiv.org/api/query", description="Where papers of arXiv are looked up.")
    chan_api: str = Field("https://a.4cdn.org", description="Where threads are fetched.")
    chan_archives: list[str] = Field(
        ["https://desuarchive.org", "https://archived.moe"], description="FoolFuuka archives for threads that are gone."
    )
    llm_url: str = Field("", description="An OpenAI-compatible endpoint, such as http://localhost:11434/v1.")
    llm_model: str = Field("", description="The language model that the endpoint is asked for.")
    llm_key: SecretStr | None = Field(None, description="The endpoint's key; never printed or stored.")
    llm_context: int = Field(8192, ge=512, description="Tokens that the language model reads and writes together.")
    llm_timeout: float = Field(60.0, gt=0, description="Seconds to wait for the language model.")
    reader: bool = Field(True, description="Whether the reader that ships with kb chooses sentences and abstains.")
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
        file = cls.model_config.get("toml_file")
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls)) if file else sources


def load(home: Path | None = None, **overrides: Any) -> Config:
    """Read the settings for one home.

    Raises `UsageError` for a value that cannot be, naming the setting, and `StoreError` for a home that is a file.
    """
    chosen: dict[str, Any] = {key: value for key, value in overrides.items() if value is not None}
    if home is not None:
        chosen["home"] = Path(home)
    try:
        folder = Config(**chosen).home.expanduser().absolute()
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"The home {folder} is a file, not a folder. Name a folder with --home or KB_HOME.")
        chosen["home"] = folder

        class _FromFile(Config):
            model_config = SettingsConfigDict(toml_file=folder / "config.toml")

        return _FromFile(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"The setting {name} (KB_{name.upper()} or config.toml) is wrong: {first['msg']}.") from None
    except RuntimeError:
        raise UsageError(f"There is no such user's folder: {home}.") from None
    except ValueError as error:
        raise UsageError(f"The settings file config.toml in the home cannot be read: {error}") from None
