"""The base as tools for other programs, by the Model Context Protocol. https://modelcontextprotocol.io"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from gradio.events import api

from kb import shapes
from kb.errors import KbError
from kb.library import Library
from ui.jobs import PATIENCE

_MOST = 50
Kind = Literal["", "note", "transcript", "audio", "paper", "web", "link", "digest", "thread"]
Level = Literal["eli5", "beginner", "practitioner", "expert"]


class Tools:
    """The tools. Each gives the JSON of the command of its name, or `{"error": …}` with what to do."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def add(self, write: bool) -> None:
        """Offer them; what changes the base only with `write`."""
        offered: list[Callable[..., dict[str, Any]]] = [self.search, self.ask]
        offered += [self.make_digest, self.ingest] if write else [self.digest]
        for tool in offered:
            name = tool.__name__.removeprefix("make_")
            api(tool, api_name=name, api_description=None, queue=True, concurrency_limit=2)

    def search(self, query: str, k: int = 8, kind: Kind = "", since: str = "") -> dict[str, Any]:
        """Search the person's own knowledge base (notes, talks, papers, links, threads) for passages.

        Read-only. Use this to find where something is said; use ask for an answer to a question. Each hit has its text
        word for word, its source's title and kind, and where it stands (line, page, post, or second of a recording).

        Parameters:
            query: What to look for: a question or a few words.
            k: How many passages, 1 to 50.
            kind: Only this kind of source; empty for all.
            since: Only what was published (else added) since: 2026-05-01, or 7d for seven days; empty for all.
        """
        return self._said(
            lambda: shapes.search(
                self._library.search(
                    query, min(max(k, 1), _MOST), self._library.filters([kind] if kind else (), since=since or None)
                )
            )
        )

    def ask(self, question: str, level: Level = "practitioner") -> dict[str, Any]:
        """Answer a question from the person's own sources, every statement cited and its quote checked.

        Read-only. Where `abstained` is true the sources do not say, and `nearest` has what comes closest: do not fill
        the gap from elsewhere without saying so. Cite by the citation's title, place and link.

        Parameters:
            question: One question in plain words.
            level: How it is explained: eli5, beginner, practitioner or expert.
        """
        return self._said(lambda: shapes.ask(self._library.ask(question, level)))

    def digest(self) -> dict[str, Any]:
        """The latest digest: new links in the order in which they are worth reading, and what of each is known already.

        Read-only: nothing is fetched, nothing is marked. `relation` says if a link is new to the person or repeats a
        note of theirs.
        """

        def told() -> dict[str, Any]:
            date, links = self._library.latest_digest()
            return {
                "date": date or None,
                "items": [{**shapes.link(one.record), "relation": one.relation} for one in links],
            }

        return self._said(told)

    def make_digest(self) -> dict[str, Any]:
        """Fetch the feeds that the person follows and make today's digest: new links, most worth reading first.

        Writes: the entries become searchable and the digest is kept. It takes seconds to minutes and asks the feeds'
        servers.
        """
        return self._said(lambda: shapes.digest(self._library.digest(wait=PATIENCE)))

    def ingest(self, source: str) -> dict[str, Any]:
        """Add a source to the knowledge base: an address of a page, paper (arxiv:ID), feed or thread, or a path.

        Writes. Unchanged sources cost nothing. What could not be read is in `failed`, with the reason.

        Parameters:
            source: One address, arXiv id, file or folder of the machine that the base is on.
        """
        return self._said(lambda: shapes.ingest(self._library.ingest([source], wait=PATIENCE)))

    def _said(self, made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return made()
        except KbError as error:
            return {"error": str(error)}
