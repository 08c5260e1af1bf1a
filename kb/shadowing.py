"""The user's own files never take the place of our packages.

Our packages have plain names (`ingest`, `index`, `ui`), and Python looks in the working folder first when it runs
`-m` or a script there. Where something else would be imported in their place, it is named.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from kb.errors import InstallationError

DISTRIBUTION = "kb-tutor"
PACKAGES = ("kb", "ingest", "index", "ui")
_ROOT = Path(__file__).resolve().parents[1]


def leave_working_folder() -> None:
    """Take the folder that `python -m` put first out of the search path, unless our packages lie in it."""
    if not sys.flags.safe_path and Path(sys.path[0] or ".").resolve() != _ROOT:
        del sys.path[0]


def check() -> None:
    """Raise `InstallationError`, naming the file, if something hides one of our packages."""
    for name in PACKAGES:
        spec = getattr(sys.modules.get(name), "__spec__", None) or importlib.util.find_spec(name)
        origin = spec.origin if spec is not None else None
        if not origin:
            raise InstallationError(f"kb's own package {name} is missing from this installation. Install kb again.")
        found = Path(origin).resolve()
        if found != _ROOT / name / "__init__.py":
            place = found.parent if found.name == "__init__.py" else found
            raise InstallationError(
                f"{place} is in the way: kb has a package of its own named {name}, and Python finds that one first. "
                "Rename it, or run from another folder."
            )
