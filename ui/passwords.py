"""The file of people who may open the tutor: `name:hash` lines, hashes by bcrypt, as `htpasswd -B` writes them."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import bcrypt

from kb.errors import UsageError
from kb.text import atomic_write

_FEWEST = 8
_LONGEST = 72  # bytes; bcrypt reads no more
_BEGINS = ("$2y$", "$2b$", "$2a$")


def read(path: Path) -> dict[str, bytes]:
    """Hashes by name. Raises `UsageError` for a file that is none, naming the line; a password is never shown."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{path} cannot be read ({reason}). kb ui --add-user NAME --auth {path} makes it.") from None
    found: dict[str, bytes] = {}
    for n, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        if not name or not hashed.startswith(_BEGINS) or len(hashed) != 60:
            raise UsageError(
                f"{path}, line {n}: no name with a bcrypt hash. kb ui --add-user NAME --auth {path} writes such lines."
            )
        found[name] = hashed.encode("ascii", "replace")
    if not found:
        raise UsageError(f"{path} names nobody. kb ui --add-user NAME --auth {path} adds somebody.")
    return found


def add(path: Path, name: str, password: str) -> None:
    """Add a person, or give them another password. Raises `UsageError` for what cannot be one."""
    path = path.expanduser()
    if not name or ":" in name or name != name.strip() or not name.isprintable():
        raise UsageError(f"{name!r} is no name here: no colon, no blanks at its ends.")
    if len(password) < _FEWEST:
        raise UsageError(f"A password has at least {_FEWEST} characters.")
    if len(password.encode()) > _LONGEST:
        raise UsageError(f"A password has at most {_LONGEST} bytes.")
    there = path.exists() and path.stat().st_size > 0
    if there:
        read(path)  # another file is not written over
    kept = path.read_text(encoding="utf-8").splitlines() if there else []
    kept = [line for line in kept if line.partition(":")[0].strip() != name]
    kept.append(f"{name}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()}")
    atomic_write.put(path, lambda draft: draft.write_text("\n".join(kept) + "\n", encoding="utf-8"), mode=0o600)


class Passwords:
    """Who is let in. A password that was right is remembered by its digest, so that not every request costs a hash."""

    def __init__(self, people: dict[str, bytes]) -> None:
        self._people = people
        self._nobody = bcrypt.hashpw(b"nobody", bcrypt.gensalt())
        self._known: dict[str, bytes] = {}

    def knows(self, name: str, password: str) -> bool:
        """Whether this was right before, which costs nothing to tell."""
        known = self._known.get(name)
        return known is not None and hmac.compare_digest(known, _digest(name, password))

    def opens(self, name: str, password: str) -> bool:
        """Whether this is somebody's name and password; it takes as long for a name that nobody has."""
        given = password.encode()
        if len(given) > _LONGEST:
            return False
        right = bcrypt.checkpw(given, self._people.get(name, self._nobody)) and name in self._people
        if right:
            self._known[name] = _digest(name, password)
        return right


def _digest(name: str, password: str) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + password.encode()).digest()
