"""What a query is restricted to, from a person's words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.errors import UsageError
from kb.types.documents import KINDS, Kind


@dataclass(frozen=True, slots=True)
class Filters:
    """What a query is restricted to. Dates are of publication, else of ingest; both ends are included."""

    kinds: tuple[Kind, ...] = ()
    tags: tuple[str, ...] = ()
    source: str | None = None
    since: str | None = None
    until: str | None = None

    def __bool__(self) -> bool:
        return bool(self.kinds or self.tags or self.source or self.since or self.until)


def make_filters(
    kinds: Sequence[str] = (),
    tags: Sequence[str] = (),
    source: str | None = None,
    since: str | None = None,
    until: str | None = None,
    today: dt.date | None = None,
) -> Filters:
    """Filters from a person's words. Raises `UsageError` for an unknown kind or a date that is none."""
    known: dict[str, Kind] = {kind: kind for kind in KINDS}
    for kind in kinds:
        if kind not in known:
            raise UsageError(f"There is no kind {kind!r}. Kinds are: {', '.join(KINDS)}.")
    now = today or dt.date.today()
    return Filters(
        kinds=tuple(known[kind] for kind in kinds),
        tags=tuple(tag.lstrip("#").casefold() for tag in tags),
        source=source,
        since=day(since, now),
        until=day(until, now),
    )


def day(text: str | None, today: dt.date) -> str | None:
    """An ISO date from what a person wrote (`2026-05-01`, `7d`). Raises `UsageError` for what is none."""
    if text is None:
        return None
    if match := re.fullmatch(r"(\d{1,5})d", text.strip()):
        return (today - dt.timedelta(days=int(match.group(1)))).isoformat()
    try:
        return dt.datetime.fromisoformat(text.strip()).date().isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is no date. Write 2026-05-01, or 7d for seven days ago.") from None
