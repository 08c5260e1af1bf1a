"""The tables of a catalog. A change of them raises the version; a catalog of a later version is refused by name.

Every statement makes what is not there yet, so running them all brings an older catalog up to date: version 2 added
the links of notes, the queue and the vocabulary of talk, which fill as documents are read; version 3 what a language
model wrote; version 4 feeds, links with their states, and the digests that were written; version 5 the cards of quizzes
with the log of their reviews.
"""

from __future__ import annotations

SCHEMA_VERSION = 5

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, uri TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    metadata TEXT NOT NULL, published TEXT, ingested TEXT NOT NULL, state TEXT NOT NULL, error TEXT,
    fingerprint TEXT NOT NULL, content TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_content ON documents (content);
CREATE TABLE IF NOT EXISTS tags (tag TEXT NOT NULL, document_id TEXT NOT NULL, PRIMARY KEY (tag, document_id))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL, n INTEGER NOT NULL, start_char INTEGER NOT NULL,
    end_char INTEGER NOT NULL, breadcrumb TEXT NOT NULL, text TEXT NOT NULL, embedded TEXT NOT NULL,
    embedded_hash BLOB NOT NULL, segments TEXT NOT NULL, sentences TEXT NOT NULL, locator TEXT NOT NULL,
    derived INTEGER NOT NULL DEFAULT 0, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS chunks_document ON chunks (document_id, n);
CREATE INDEX IF NOT EXISTS chunks_hash ON chunks (embedded_hash);
CREATE TABLE IF NOT EXISTS vectors (hash BLOB NOT NULL, model TEXT NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (hash, model)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (chunk_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (uri TEXT PRIMARY KEY, error TEXT NOT NULL, attempts INTEGER NOT NULL,
    last TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstones (uri TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbound (document_id TEXT NOT NULL, n INTEGER NOT NULL, form TEXT NOT NULL,
    target TEXT NOT NULL, part TEXT NOT NULL, label TEXT NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (document_id, n)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbound_target ON outbound (form, target);
CREATE TABLE IF NOT EXISTS queue (uri TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS written (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feeds (
    id TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, site TEXT NOT NULL DEFAULT '',
    tags TEXT NOT NULL DEFAULT '[]', weight REAL NOT NULL DEFAULT 1, etag TEXT NOT NULL DEFAULT '',
    modified TEXT NOT NULL DEFAULT '', hash TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'new',
    error TEXT NOT NULL DEFAULT '', warning TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL DEFAULT '', typed INTEGER NOT NULL DEFAULT 1, added TEXT NOT NULL,
    fetched TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    feed_id TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL, hash TEXT NOT NULL,
    seen TEXT NOT NULL, date TEXT NOT NULL, news INTEGER NOT NULL, pending TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (feed_id, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_seen ON entries (seen);
CREATE INDEX IF NOT EXISTS entries_url ON entries (url);
CREATE TABLE IF NOT EXISTS links (
    id TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, summary TEXT NOT NULL, date TEXT NOT NULL,
    origin TEXT NOT NULL, document_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'unread',
    best INTEGER NOT NULL DEFAULT 0, tags TEXT NOT NULL DEFAULT '[]', own_tags TEXT NOT NULL DEFAULT '[]',
    marked TEXT NOT NULL DEFAULT '', discusses TEXT NOT NULL DEFAULT '', read_whole TEXT NOT NULL DEFAULT '',
    seen TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_document ON links (document_id);
CREATE TABLE IF NOT EXISTS cards (
    id TEXT PRIMARY KEY, item TEXT NOT NULL, schedule TEXT NOT NULL, due TEXT NOT NULL, document_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'ok', why TEXT NOT NULL DEFAULT '', made TEXT NOT NULL,
    answered INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cards_due ON cards (due);
CREATE TABLE IF NOT EXISTS reviews (
    n INTEGER PRIMARY KEY AUTOINCREMENT, card_id TEXT NOT NULL, at TEXT NOT NULL, rating TEXT NOT NULL,
    correct INTEGER NOT NULL, answer TEXT NOT NULL, judged TEXT NOT NULL, before TEXT NOT NULL,
    due_before TEXT NOT NULL, first INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS digests (date TEXT PRIMARY KEY, since TEXT NOT NULL, until TEXT NOT NULL,
    through TEXT NOT NULL) WITHOUT ROWID;
"""
