"""The daily digest: what new links there are, a story an item, in the order in which they are worth reading.

Everything it needs is in the catalog; nothing is fetched here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.models.embedder import Embedder
from index.storage import edges, embeddings, links, llm_cache
from index.storage import feeds as subscriptions
from index.storage.catalog import Catalog
from index.storage.feeds import FeedRow, SeenEntry
from index.storage.links import LinkRecord
from index.storage.rows import Entry
from kb.answer.verify import Support
from kb.digest import clustering, item_summaries, novelty, ranking
from kb.digest.clustering import StoryItem
from kb.digest.items import DigestItem, Relation
from kb.digest.ranking import Taste
from kb.errors import LlmError
from kb.llm.client import Llm
from kb.types.documents import Kind

# What a person knows: not what feeds brought and nobody read, and not digests of ours.
_KNOWN: tuple[Kind, ...] = ("note", "transcript", "audio", "paper", "web", "thread", "digest", "link")
_MOST_LIKED = 300
_PORTION = 20_000  # passages compared at once
# Below this a passage is of another subject, and not worth naming as the nearest.
_NEAR = 0.5
_MOST_WRITTEN = 20
_FEWEST_WRITTEN_FROM = 60  # words; a shorter text is its own summary
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class _Story:
    """A story on its way: its entries with their records, the vector of the one that tells it, what is nearest."""

    entries: tuple[SeenEntry, ...]
    record: LinkRecord
    vector: npt.NDArray[np.float32]
    relation: Relation
    score: float


@dataclass(slots=True)
class DigestBuilder:
    """Puts a digest together. `write` makes summaries (a model and what checks it), where there is one."""

    catalog: Catalog
    embedder: Embedder
    model: str
    now: dt.datetime
    llm: Llm | None = None
    support: Support | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def ordered(self, entries: Sequence[SeenEntry]) -> list[_Story]:
        """The stories of these entries, the most promising first."""
        records = links.by_url(self.catalog, list(dict.fromkeys(entry.url for entry in entries)))
        kept = [entry for entry in entries if entry.url in records]
        if not kept:
            return []
        feeds = {row.id: row for row in subscriptions.feeds(self.catalog)}
        vectors = self._vectors([records[entry.url] for entry in kept])
        told = [
            StoryItem(
                entry.url,
                records[entry.url].title,
                records[entry.url].summary,
                _name(feeds.get(entry.feed_id)),
                clustering.day_of(entry.date),
                records[entry.url].discusses,
            )
            for entry in kept
        ]
        groups = clustering.group(told, vectors)
        heads = [self._head(group, kept, records, feeds) for group in groups]
        near = self._nearest(vectors[heads], {entry.url for entry in kept})
        said = self._said([records[kept[head].url] for head in heads], near)
        taste = self._taste(feeds)
        found = []
        for group, head, (cosine, document, _), repeats in zip(groups, heads, near, said, strict=True):
            some = tuple(kept[n] for n in sorted(group, key=lambda n: (n != head, kept[n].date)))
            record = records[kept[head].url]
            relation = self._relation([records[e.url] for e in some], cosine, document, repeats)
            names = [_name(feeds.get(entry.feed_id)) for entry in some]
            item = ranking.RankedStory(
                vectors[head],
                [tag for entry in some for tag in records[entry.url].tags],
                names,
                max((feeds[e.feed_id].weight for e in some if e.feed_id in feeds), default=1.0),
                cosine,
                relation.type == "repeats",
                self._days_old(kept[head].date),
            )
            found.append(_Story(some, record, vectors[head], relation, ranking.score(item, taste)))
        return sorted(found, key=lambda story: (-story.score, story.record.url))

    def items(self, found: Sequence[_Story]) -> tuple[DigestItem, ...]:
        """Stories as a reader sees them, with their summaries."""
        feeds = {row.id: row for row in subscriptions.feeds(self.catalog)}
        records = links.by_url(self.catalog, [entry.url for story in found for entry in story.entries])
        entries = {e.uri: e for e in self._entries([records[story.record.url] for story in found])}
        return tuple(
            self._item(story, n, records, feeds, entries.get(story.record.url)) for n, story in enumerate(found)
        )

    def _item(
        self,
        story: _Story,
        n: int,
        records: Mapping[str, LinkRecord],
        feeds: Mapping[str, FeedRow],
        entry: Entry | None,
    ) -> DigestItem:
        record = records[story.record.url]
        text = self.catalog.text_of(entry.id) if entry is not None else ""
        whole = entry is not None and entry.kind != "link"
        body = text if whole else text.partition("\n\n")[2]
        summary = self._summary(record, body, n)
        also = [(_name(feeds.get(e.feed_id)), e.url) for e in story.entries[1:]]
        tags = list(dict.fromkeys(tag for e in story.entries for tag in records[e.url].tags))
        reason = "" if whole or summary else record.read_whole or "the feed says no more"
        return DigestItem(
            record.id,
            record.url,
            clustering.without_site(record.title, _name(feeds.get(story.entries[0].feed_id)))[:_LONGEST_TITLE],
            summary,
            self._day(story.entries[0].date),
            _name(feeds.get(story.entries[0].feed_id)),
            tuple(tags),
            record.state,
            record.best,
            story.relation,
            tuple(dict.fromkeys(also)),
            record.discusses,
            reason,
            round(story.score, 4),
        )

    def _summary(self, record: LinkRecord, body: str, n: int) -> str:
        plain = item_summaries.extractive(record.title, record.summary) or item_summaries.extractive(record.title, body)
        plain = plain or item_summaries.whole(record.summary or body)
        if self.llm is None or self.support is None or n >= _MOST_WRITTEN or len(body.split()) < _FEWEST_WRITTEN_FROM:
            return plain
        key = item_summaries.key(record.title, body, self.llm.name)
        kept = llm_cache.get(self.catalog, key)
        if kept is None:
            try:
                kept = item_summaries.written(record.title, body, self.llm, self.support)
            except LlmError as error:
                self.warnings.append((self.llm.name, f"{error} The summaries are the texts' own sentences."))
                self.llm = None
                return plain
            with self.catalog.transaction():
                llm_cache.put(self.catalog, key, kept)
        return kept or plain

    def _vectors(self, records: Sequence[LinkRecord]) -> npt.NDArray[np.float32]:
        """A unit vector an entry: of its document's first passage, if that is what the feed said; else made anew."""
        by_url = {entry.uri: entry for entry in self._entries(records)}
        first = self.catalog.first_chunks([e.id for e in by_url.values() if e.kind == "link"])
        cached = embeddings.by_chunk(self.catalog, list(first.values()), self.model)
        known = {
            url: cached[first[entry.id]]
            for url, entry in by_url.items()
            if entry.id in first and first[entry.id] in cached
        }
        missing = list(dict.fromkeys(record for record in records if record.url not in known))
        if missing:
            texts = [f"{record.title}\n{record.summary}" for record in missing]
            for record, vector in zip(missing, self.embedder.embed(texts), strict=True):
                known[record.url] = vector
        return np.stack([known[record.url] for record in records])

    def _entries(self, records: Sequence[LinkRecord]) -> list[Entry]:
        return self.catalog.entries_at(list(dict.fromkeys(record.url for record in records)))

    def _head(
        self,
        group: Sequence[int],
        entries: Sequence[SeenEntry],
        records: Mapping[str, LinkRecord],
        feeds: Mapping[str, FeedRow],
    ) -> int:
        """The entry that stands for a story: no page of discussion, of the weightiest feed, read whole, says more."""

        def worth(n: int) -> tuple[bool, float, bool, bool, bool, str]:
            record, feed = records[entries[n].url], feeds.get(entries[n].feed_id)
            says = len(record.summary) >= 80
            plain = clustering.bare_title(record.title, _name(feed)) == record.title
            # The earliest of equals: ISO dates turned around by their digits.
            early = "".join(str(9 - int(c)) if c.isdigit() else c for c in entries[n].date)
            return not record.discusses, feed.weight if feed else 1.0, record.read_whole == "full", says, plain, early

        return max(group, key=worth)

    def _nearest(self, vectors: npt.NDArray[np.float32], new: set[str]) -> list[tuple[float, Entry | None, str]]:
        """For each vector the cosine with the nearest passage of what is known, its document, its id. Exactly."""
        read = {r.url for r in links.listed(self.catalog, "WHERE state = 'read'")}
        known = {
            entry.id: entry
            for entry in self.catalog.entries()
            if entry.kind in _KNOWN
            and entry.uri not in new
            and not entry.metadata.get("generated")
            and ("feed" not in entry.metadata or entry.uri in read)
        }
        best = np.zeros(len(vectors), dtype=np.float32)
        document: list[Entry | None] = [None] * len(vectors)
        passage = [""] * len(vectors)
        ids = self.catalog.chunk_documents(list(known))
        for at in range(0, len(ids), _PORTION):
            part = ids[at : at + _PORTION]
            found = embeddings.by_chunk(self.catalog, [chunk for chunk, _ in part], self.model)
            there = [(chunk, owner) for chunk, owner in part if chunk in found]
            if not there:
                continue
            cosines = vectors @ np.stack([found[chunk] for chunk, _ in there]).T
            for n, place in enumerate(cosines.argmax(axis=1)):
                if cosines[n, place] > best[n]:
                    passage[n], owner = there[int(place)]
                    best[n], document[n] = cosines[n, place], known[owner]
        return [(float(cosine), entry, chunk) for cosine, entry, chunk in zip(best, document, passage, strict=True)]

    def _said(self, records: Sequence[LinkRecord], near: Sequence[tuple[float, Entry | None, str]]) -> list[bool]:
        """Whether each item says what its nearest passage says."""
        close = [
            n
            for n, (cosine, entry, _) in enumerate(near)
            # A headline says too little for anything to be its repetition.
            if entry and cosine >= novelty.LEAST_COSINE and not entry.metadata.get("headline_only")
        ]
        chunks = self.catalog.chunks([near[n][2] for n in close])
        pairs = []
        for n in close:
            chunk, entry = chunks[near[n][2]], near[n][1]
            name = chunk.breadcrumb[-1] if chunk.breadcrumb else entry.title if entry else ""
            pairs.append((records[n].title, records[n].summary, name, chunk.text))
        found = [False] * len(records)
        for n, pair, alike in zip(close, pairs, novelty.alike(pairs, self.embedder.embed), strict=True):
            found[n] = alike >= novelty.REPEATS and not novelty.tells_more(*pair)
        return found

    def _relation(self, told: Sequence[LinkRecord], cosine: float, nearest: Entry | None, repeats: bool) -> Relation:
        """A repetition if a document of the person's links to the story already, or says the same."""
        own = {record.url for record in told}
        for record in told:
            linking = [document_id for document_id, _ in edges.to_url(self.catalog, record.url)]
            linking += [record.document_id] if record.origin == "digest" else []
            for document in self.catalog.documents_of(linking).values():
                if document.uri not in own:
                    return Relation("repeats", document.id, document.title, document.uri)
        if nearest is None or (cosine < _NEAR and not repeats):
            return Relation("new")
        return Relation("repeats" if repeats else "new", nearest.id, nearest.title, nearest.uri)

    def _taste(self, feeds: Mapping[str, FeedRow]) -> Taste:
        marked = links.listed(self.catalog, "WHERE marked != ''")
        best = [record for record in marked if record.best][:_MOST_LIKED]
        # Sorting by date puts the latest first; tastes change.
        vectors = self._vectors(best) if best else np.zeros((0, self.embedder.dimension), dtype=np.float32)
        tags = {tag.casefold() for record in best for tag in record.tags} | links.own_tags(self.catalog)
        counts: dict[str, tuple[int, int]] = {}
        for record in marked:
            for feed_id in subscriptions.feeds_of(self.catalog, record.url):
                n, k = counts.get(name := _name(feeds.get(feed_id)), (0, 0))
                counts[name] = (n + (record.best or record.state == "read"), k + record.best)
        return Taste(vectors, frozenset(tags), counts)

    def _days_old(self, date: str) -> float:
        return clustering.day_of(self.now.isoformat()) - clustering.day_of(date)

    def _day(self, date: str) -> str:
        """The person's own day of a moment in UTC."""
        when = dt.datetime.fromisoformat(date)
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(self.now.tzinfo).date().isoformat()


def _name(feed: FeedRow | None) -> str:
    return (feed.title or feed.url) if feed is not None else "a feed that is gone"
