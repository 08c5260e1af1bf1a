"""Which Whisper models are on this machine, where they are looked for, and how one is got: only when it is asked for.

A model is named (`small`) or is a folder of one's own: for faster-whisper a folder that CTranslate2 converted, for
openai-whisper a file of weights.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from ingest.audio.engines import EngineName
from kb.errors import UsageError, WhisperError, first_line, install_extra

# Without its tokenizer faster-whisper asks a hub for one, and waits where there is no network.
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Found:
    """A Whisper model on this machine: its name, the engine that reads it, its folder or file, its size."""

    name: str
    engine: EngineName
    path: Path
    mb: float


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one engine: `named` is what the settings say, `folder` where `kb models get` puts them."""

    engine: EngineName
    named: str
    folder: Path

    @property
    def identity(self) -> str:
        """What a transcript says of the model that made it: its name; of a folder, also the size of its weights."""
        path = Path(self.named).expanduser()
        if os.sep not in self.named and not path.suffix and not (path / "model.bin").is_file():
            return self.named
        weights = path / "model.bin" if path.is_dir() else path
        size = weights.stat().st_size if weights.is_file() else 0
        return f"{path.name} ({size} bytes)"

    def find(self) -> Path:
        """The model's folder or file. Raises `WhisperError` saying where it was looked for and how to get it."""
        own = Path(self.named).expanduser()
        if self.named not in known(self.engine) and (own.exists() or os.sep in self.named):
            return self._sound(own)
        for place in self._places(self.named):
            if place.exists():
                return self._sound(place)
        looked = " and ".join(str(place) for place in self._places(self.named))
        raise WhisperError(
            f"The Whisper model {self.named} ({self.engine}) is not on this machine: looked for {looked}. "
            f"Get it: kb models get {self.named} (or set KB_WHISPER to a model's folder)."
        )

    def _sound(self, path: Path) -> Path:
        """The path, if it looks like a model of this engine."""
        if self.engine == "openai-whisper":
            if path.is_file():
                return path
            raise WhisperError(f"{path} is no file with weights of openai-whisper (NAME.pt). Set KB_WHISPER to one.")
        if not path.is_dir():
            raise WhisperError(f"There is no folder {path}. Set KB_WHISPER to a folder with a faster-whisper model.")
        missing = [name for name in _NEEDED if not (path / name).is_file()]
        if missing:
            raise WhisperError(
                f"{path} is no faster-whisper model: {', '.join(missing)} missing. Set KB_WHISPER to a folder that "
                "has them, or to a model's name."
            )
        return path

    def _places(self, name: str) -> list[Path]:
        if self.engine == "openai-whisper":
            cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
            return [self.folder / f"{name}.pt", cache / f"{name}.pt"]
        return [self.folder / f"faster-whisper-{name}", *_in_hub_cache(name)]

    def all(self) -> list[Found]:
        """Every model of this engine that is there, by name."""
        found = []
        for name in known(self.engine):
            place = next((p for p in self._places(name) if p.exists()), None)
            if place is not None:
                found.append(Found(name, self.engine, place, _mb(place)))
        own = Path(self.named).expanduser()
        if own.exists() and self.named not in known(self.engine):
            found.append(Found(self.named, self.engine, own, _mb(own)))
        return found

    def get(self, name: str) -> Path:
        """Download a model by name into the folder; the folder or file. Raises `UsageError` and `WhisperError`."""
        if self.engine == "openai-whisper" and not known(self.engine):
            raise WhisperError(f"openai-whisper is not installed. {install_extra('whisper')}")
        if name not in known(self.engine):
            raise UsageError(f"There is no Whisper model {name!r}. Models are: {', '.join(known(self.engine))}.")
        target = self._places(name)[0]
        if target.exists():
            return target
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".get-", dir=self.folder))
        except OSError as error:
            raise WhisperError(f"{self.folder} cannot be written ({error.strerror}). Set KB_CACHE.") from None
        try:
            _download(self.engine, name, draft).replace(target)
        except Exception as error:  # hubs' clients have many errors for a server that is not reached
            raise WhisperError(_not_got(name, target, error)) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return target


def _download(engine: EngineName, name: str, draft: Path) -> Path:
    if engine == "openai-whisper":
        import whisper

        whisper._download(whisper._MODELS[name], str(draft), in_memory=False)
        return next(draft.glob("*.pt"))
    from faster_whisper import download_model

    folder = draft / "model"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own use of the hub's client
        download_model(name, output_dir=str(folder))
    return folder


def _not_got(name: str, target: Path, error: Exception) -> str:
    return (
        f"The Whisper model {name} cannot be downloaded ({first_line(error)}). Is this machine online? "
        f"A copy from another machine goes to {target}."
    )


def known(engine: EngineName) -> list[str]:
    """The names that an engine's models have."""
    if engine == "openai-whisper":
        from importlib.util import find_spec

        if find_spec("whisper") is None:
            return []
        import whisper

        return list(whisper.available_models())
    from faster_whisper import available_models

    return list(available_models())


def _in_hub_cache(name: str) -> list[Path]:
    """Where Hugging Face's client keeps a model that another program got; no request is made."""
    from faster_whisper.utils import _MODELS as REPOSITORIES
    from huggingface_hub import try_to_load_from_cache

    repository = REPOSITORIES.get(name)
    found = try_to_load_from_cache(repository, "model.bin") if repository else None
    return [Path(found).parent] if isinstance(found, str) else []


def _mb(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return round(sum(file.stat().st_size for file in files if file.is_file()) / 1e6, 1)
