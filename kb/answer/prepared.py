"""A question with its evidence, frozen: what an answer at any level is composed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from index.storage.rows import Entry
from kb.answer.evidence import Evidence, Sentence
from kb.answer.extractive import Ranking, Scored
from kb.types.answers import Offer
from kb.types.search import Hit, SearchResult

# Below this confidence the evidence is too thin to answer from (docs/benchmarks.md has the curve).
THIN = 0.45


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question with its evidence, frozen: what every level is told from, without another search.

    `searched` is the question as it was looked up; `taken` the sentences that the expert is told, best first;
    `defined` what words of theirs mean; `entries` and `texts` are those of the documents as they were then. `empty`:
    there is nothing to be searched at all.
    """

    question: str
    searched: str
    result: SearchResult
    evidence: Evidence
    ranking: Ranking
    taken: tuple[Scored, ...] = ()
    defined: tuple[Sentence, ...] = ()
    around: tuple[Hit, ...] = ()
    entries: Mapping[str, Entry] | None = None
    texts: Mapping[str, str] | None = None
    offers: tuple[Offer, ...] = ()
    traced: bool = False
    empty: bool = False
    ms: float = 0.0

    @property
    def thin(self) -> bool:
        """Whether the evidence is too thin to answer from."""
        return self.ranking.confidence < THIN or not self.taken
