"""The catalog: one SQLite file that is the truth of a knowledge base.

Documents with their states, chunks with their locators, vectors by the hash of what was embedded, and a journal of
what the derived indexes have still to be told. Chroma and tantivy can be rebuilt from it at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from index.storage import links
from index.storage.database import MOST_VARIABLES, Database, plain_errors
from index.storage.rows import Entry, Failure, chunk_from, entry_from, segment_row
from kb.types import locators
from kb.types.documents import Document, Metadata
from kb.types.search import Chunk


class Catalog(Database):
    """The truth about documents and chunks. Open it read-only for queries; one writer holds the home's lock."""

    # Facts

    def fact(self, name: str) -> str | None:
        """A fact about the whole base: generation, model, dimension, chunker."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Note a fact."""
        with plain_errors(self.path):
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def generation(self) -> int:
        """Counts the changes that readers must see; they reopen what they hold when it has moved."""
        return int(self.fact("generation") or 0)

    # Documents

    _ENTRY = (
        "SELECT id, uri, kind, title, metadata, published, ingested, state, error, fingerprint, content, "
        "(SELECT count(*) FROM chunks WHERE document_id = documents.id) FROM documents"
    )

    def entries(self, where: str = "", values: Sequence[Any] = ()) -> list[Entry]:
        """Documents without their texts, by uri. `where` is our own SQL, never a person's."""
        rows = self.rows(f"{self._ENTRY} {where} ORDER BY uri", values)
        return [entry_from(row) for row in rows]

    def entry_of(self, uri: str) -> Entry | None:
        """The document at a uri."""
        return next(iter(self.entries("WHERE uri = ?", (uri,))), None)

    def entries_at(self, uris: Sequence[str]) -> list[Entry]:
        """The documents at these uris, as far as there are any."""
        found: list[Entry] = []
        for at in range(0, len(uris), MOST_VARIABLES):
            part = list(uris[at : at + MOST_VARIABLES])
            found += self.entries(f"WHERE uri IN ({','.join('?' * len(part))})", part)
        return found

    def entries_with(self, content: str) -> list[Entry]:
        """Documents whose file has this content hash."""
        return self.entries("WHERE content = ?", (content,))

    def titles(self) -> list[tuple[str, str]]:
        """The id and title of every document."""
        return [(str(row[0]), str(row[1])) for row in self.rows("SELECT id, title FROM documents")]

    def uris(self) -> set[str]:
        """The uris of all documents."""
        return {str(row[0]) for row in self.rows("SELECT uri FROM documents")}

    def text_of(self, document_id: str) -> str:
        """A document's text."""
        rows = self.rows("SELECT text FROM documents WHERE id = ?", (document_id,))
        return str(rows[0][0]) if rows else ""

    def has_document(self, document_id: str) -> bool:
        """Whether the id is taken."""
        return bool(self.rows("SELECT 1 FROM documents WHERE id = ?", (document_id,)))

    def put_document(self, document: Document, fingerprint: str, content: str, now: str) -> None:
        """Add or replace a document; its time of first ingest stays."""
        published = document.metadata.get("published")
        self._db.execute(
            "INSERT INTO documents VALUES (?,?,?,?,?,?,?,?,'ok',NULL,?,?) ON CONFLICT (id) DO UPDATE SET "
            "uri=excluded.uri, kind=excluded.kind, title=excluded.title, text=excluded.text, "
            "metadata=excluded.metadata, published=excluded.published, state='ok', error=NULL, "
            "fingerprint=excluded.fingerprint, content=excluded.content",
            (
                document.id,
                document.uri,
                document.kind,
                document.title,
                document.text,
                json.dumps(document.metadata, ensure_ascii=False),
                published,
                now,
                fingerprint,
                content,
            ),
        )
        self._db.execute("DELETE FROM tags WHERE document_id = ?", (document.id,))
        self._db.executemany(
            "INSERT OR IGNORE INTO tags VALUES (?, ?)",
            [(tag.casefold(), document.id) for tag in document.metadata.get("tags", [])],
        )
        self._db.execute("DELETE FROM outbound WHERE document_id = ?", (document.id,))
        self._db.executemany(
            "INSERT INTO outbound VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (document.id, n, link["form"], link["target"], link["part"], link["label"], link["line"])
                for n, link in enumerate(document.metadata.get("links", []))
            ],
        )
        links.record(self, document, now)
        for table in ("failures", "tombstones", "queue"):
            self._db.execute(f"DELETE FROM {table} WHERE uri = ?", (document.uri,))
        self._db.execute("DELETE FROM tombstones WHERE uri = ?", (f"content:{content}",))

    def move_document(self, document_id: str, uri: str, title: str, metadata: Metadata) -> None:
        """Give a document the uri at which its file now stands, and the title and metadata that go with it."""
        self._db.execute(
            "UPDATE documents SET uri = ?, title = ?, metadata = ? WHERE id = ?",
            (uri, title, json.dumps(metadata, ensure_ascii=False), document_id),
        )

    def remove_document(self, document_id: str) -> None:
        """Take a document out, its chunks and tags with it."""
        for table in ("chunks", "tags", "outbound"):
            self._db.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))
        links.forget(self, document_id)
        self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))

    def put_failure(self, uri: str, error: str, now: str) -> None:
        """Note that an item could not be read."""
        self._db.execute(
            "INSERT INTO failures VALUES (?, ?, 1, ?) ON CONFLICT (uri) DO UPDATE SET error = excluded.error, "
            "attempts = attempts + 1, last = excluded.last",
            (uri, error, now),
        )

    def clear_failure(self, uri: str) -> None:
        """Forget a failure that is mended."""
        self._db.execute("DELETE FROM failures WHERE uri = ?", (uri,))

    def bury(self, uris: Iterable[str]) -> None:
        """Note sources that the person took out, so that the next ingest of their folder does not bring them back."""
        self._db.executemany("INSERT OR IGNORE INTO tombstones VALUES (?)", [(uri,) for uri in uris])

    def buried(self, names: Sequence[str]) -> bool:
        """Whether the person took out a source of one of these uris, or of this content (`content:HASH`)."""
        return bool(self.rows_for("SELECT 1 FROM tombstones WHERE uri IN (?)", names))

    def joined(self) -> list[Entry]:
        """Documents that are read from one of several files that say the same."""
        return self.entries("WHERE metadata LIKE '%\"also\"%'")

    def queue(self, uris: Iterable[str]) -> None:
        """Note what an ingest is about to read; what is read is taken out again."""
        self._db.executemany("INSERT OR IGNORE INTO queue VALUES (?)", [(uri,) for uri in uris])

    def unqueue(self, uris: Iterable[str]) -> None:
        """An ingest came to the end of these."""
        self._db.executemany("DELETE FROM queue WHERE uri = ?", [(uri,) for uri in uris])

    def queued(self) -> list[str]:
        """What an ingest that runs, or was interrupted, has not come to."""
        return [str(row[0]) for row in self.rows("SELECT uri FROM queue ORDER BY uri")]

    def failures(self) -> list[Failure]:
        """Items that could not be read the last time they were tried."""
        return [Failure(*row) for row in self.rows("SELECT * FROM failures ORDER BY uri")]

    # Chunks

    def chunk_ids(self, document_id: str | None = None) -> set[str]:
        """Ids of a document's chunks, or of all."""
        if document_id is None:
            return {str(row[0]) for row in self.rows("SELECT id FROM chunks")}
        return {str(row[0]) for row in self.rows("SELECT id FROM chunks WHERE document_id = ?", (document_id,))}

    def chunk_hashes(self, document_id: str) -> dict[str, bytes]:
        """By id of a document's chunks, the hash of what of each is embedded and indexed."""
        return dict(self.rows("SELECT id, embedded_hash FROM chunks WHERE document_id = ?", (document_id,)))

    def count(self, table: str) -> int:
        """Rows of one of our tables."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def tags(self) -> list[str]:
        """Every tag, that of most documents first."""
        return [tag for (tag,) in self.rows("SELECT tag FROM tags GROUP BY tag ORDER BY count(*) DESC, tag")]

    def put_chunks(self, document_id: str, chunks: Sequence[Chunk], hashes: Sequence[bytes]) -> None:
        """Make these the document's chunks, in order, in place of all it had."""
        self._db.execute("DELETE FROM chunks WHERE document_id = ?", (document_id,))
        self._db.executemany(
            "INSERT OR REPLACE INTO chunks VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    c.id,
                    document_id,
                    n,
                    c.start_char,
                    c.end_char,
                    json.dumps(c.breadcrumb, ensure_ascii=False),
                    c.text,
                    c.embedded,
                    digest,
                    json.dumps([segment_row(s) for s in c.segments], ensure_ascii=False),
                    json.dumps(c.sentences),
                    json.dumps(locators.as_json(c.locator), ensure_ascii=False),
                    int(c.derived),
                    *c.lines,
                )
                for n, (c, digest) in enumerate(zip(chunks, hashes, strict=True))
            ],
        )

    _CHUNK = (
        "SELECT id, document_id, start_char, end_char, breadcrumb, text, embedded, locator, segments, sentences, "
        "derived, first_line, last_line FROM chunks"
    )

    def chunks(self, ids: Sequence[str]) -> dict[str, Chunk]:
        """Chunks by id; ids that are not in the catalog are left out."""
        return {row[0]: chunk_from(row) for row in self.rows_for(f"{self._CHUNK} WHERE id IN (?)", ids)}

    def places(self, ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Document id and position of chunks, by id."""
        rows = self.rows_for("SELECT id, document_id, n FROM chunks WHERE id IN (?)", ids)
        return {row[0]: (row[1], row[2]) for row in rows}

    def neighbours(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """Ids of the chunks at these (document, position) places, where there are any."""
        found = {}
        for document_id, n in places:
            rows = self.rows("SELECT id FROM chunks WHERE document_id = ? AND n = ?", (document_id, n))
            if rows:
                found[(document_id, n)] = str(rows[0][0])
        return found

    def documents_of(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Entries by document id."""
        found = {}
        for at in range(0, len(ids), MOST_VARIABLES):
            part = list(ids[at : at + MOST_VARIABLES])
            for entry in self.entries(f"WHERE id IN ({','.join('?' * len(part))})", part):
                found[entry.id] = entry
        return found

    def match_ids(self, prefix: str) -> list[tuple[str, str]]:
        """("document" or "chunk", id) for every id that begins with the prefix, at most ten."""
        low, high = prefix, prefix + "\uffff"
        rows = self.rows("SELECT 'document', id FROM documents WHERE id >= ? AND id < ? LIMIT 10", (low, high))
        rows += self.rows("SELECT 'chunk', id FROM chunks WHERE id >= ? AND id < ? LIMIT 10", (low, high))
        return [(str(a), str(b)) for a, b in rows]

    def derived_of(self, document_id: str) -> list[Chunk]:
        """The passages that were made from a document, in order."""
        rows = self.rows(f"{self._CHUNK} WHERE document_id = ? AND derived = 1 ORDER BY n", (document_id,))
        return [chunk_from(row) for row in rows]

    # Journal: ids whose state in Chroma and tantivy may differ from the catalog's

    def begin_changes(self, ids: Iterable[str]) -> None:
        """Note ids before a derived index is told of them; a crash in between is mended from these."""
        with self.transaction():
            self._db.executemany("INSERT OR IGNORE INTO journal VALUES (?)", [(i,) for i in ids])

    def end_changes(self) -> None:
        """The derived indexes agree with the catalog again; readers will look anew."""
        with self.transaction():
            self._db.execute("DELETE FROM journal")
            self.set_fact("generation", str(self.generation() + 1))

    def journal(self) -> list[str]:
        """Ids noted by a writer that did not finish."""
        return [str(row[0]) for row in self.rows("SELECT chunk_id FROM journal")]

    def first_chunks(self, document_ids: Sequence[str]) -> dict[str, str]:
        """The id of each document's first passage, by document id."""
        rows = self.rows_for("SELECT document_id, id FROM chunks WHERE n = 0 AND document_id IN (?)", document_ids)
        return dict(rows)

    def chunk_documents(self, document_ids: Sequence[str]) -> list[tuple[str, str]]:
        """Every passage of these documents that is their own, with its document's id."""
        sql = "SELECT id, document_id FROM chunks WHERE derived = 0 AND document_id IN (?)"
        return [(str(a), str(b)) for a, b in self.rows_for(sql, document_ids)]

    def askable(self, never: Sequence[str], documents: Sequence[str] | None = None) -> list[str]:
        """Ids of passages of the sources' own, not of some kinds, of these documents or all, in a steady order."""
        where, values = "derived = 0", list(never)
        where += f" AND kind NOT IN ({','.join('?' * len(never))})"
        joined = "chunks JOIN documents ON documents.id = document_id"
        sql = f"SELECT chunks.id FROM {joined} WHERE {where} ORDER BY chunks.id"
        found = [str(row[0]) for row in self.rows(sql, values)]
        if documents is None:
            return found
        inside = set(self.chunk_ids_in(documents))
        return [chunk_id for chunk_id in found if chunk_id in inside]

    # Filters

    def documents_matching(self, where: str, values: Sequence[Any]) -> list[str]:
        """Ids of documents that fit a condition (our own SQL)."""
        return [str(row[0]) for row in self.rows(f"SELECT id FROM documents WHERE {where}", values)]

    def chunk_ids_in(self, document_ids: Sequence[str]) -> list[str]:
        """Ids of the chunks of these documents."""
        return [str(row[0]) for row in self.rows_for("SELECT id FROM chunks WHERE document_id IN (?)", document_ids)]
