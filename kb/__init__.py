"""A research knowledge base that answers at your level, every statement cited.

import kb
library = kb.open("~/kb")
library.ingest(["~/notes"])
print(library.ask("What is a pipeline bubble?", level="beginner").text)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb import telemetry

telemetry.switch_off()

if TYPE_CHECKING:
    from kb.library import Library

__version__ = "0.2.0"
__all__ = ["__version__", "open"]


def open(home: str | Path | None = None, **settings: Any) -> Library:
    """Open the knowledge base in a folder, or the user's own if none is named; `settings` go over config.toml.

    Raises `InstallationError` if a file of the working folder hides one of our packages.
    """
    from kb import shadowing

    shadowing.check()
    from kb.library import open_library

    return open_library(Path(home) if home is not None else None, **settings)
