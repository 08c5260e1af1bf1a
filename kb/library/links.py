"""Links of feeds, digests and notes, and what the user makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kb.errors import UsageError

if TYPE_CHECKING:
    from index.storage.links import LinkRecord, Mark
    from kb.library.context import LibraryContext


class Links:
    """The links of one knowledge base."""

    def __init__(self, context: LibraryContext) -> None:
        self._context = context

    def links(
        self,
        everything: bool = False,
        state: str | None = None,
        best: bool | None = None,
        tag: str | None = None,
    ) -> list[LinkRecord]:
        """Links of feeds and digests, the latest first; with `everything` those that stand in notes as well.

        A note's links are nothing new to the person: they are never unread.
        """
        from index.storage import links

        if state not in (None, "read", "unread"):
            raise UsageError(f"A link is read or unread, not {state!r}.")
        catalog = self._context.catalog()
        if catalog is None:
            return []
        found = links.listed(catalog)
        if everything:
            found += links.of_notes(catalog, {record.url for record in found})
        wanted = tag.lstrip("#").casefold() if tag else None
        return [
            record
            for record in found
            if (state is None or record.state == state)
            and (best is None or record.best == best)
            and (wanted is None or wanted in (t.casefold() for t in record.tags))
        ]

    def link(self, name: str) -> LinkRecord:
        """The link with an id or an address. Raises `UnknownId`."""
        from index.storage import links
        from ingest.net import urls

        return links.find(self._context.catalog(), name, urls.canonical(name))

    def mark_links(self, names: Sequence[str], mark: Mark) -> list[LinkRecord]:
        """Set states of links, by id or address; the same twice is the same as once.

        Raises `UnknownId` before anything is changed.
        """
        from index.storage import links
        from ingest.net import urls

        if self._context.catalog() is None:
            links.find(None, names[0] if names else "")
        with self._context.ledger() as db:
            found = [links.find(db, name, urls.canonical(name)) for name in names]
            with db.transaction():
                for record in found:
                    links.mark(db, record, mark, self._context.utc())
            return [links.find(db, record.id) for record in found]
