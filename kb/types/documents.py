"""The nouns that every stage passes on: documents, segments, locators, chunks, hits, citations, answers.

All are frozen. Offsets are counted in code points of the document's text, the end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypedDict

Kind = Literal["note", "transcript", "audio", "paper", "web", "link", "digest", "thread"]
KINDS: tuple[Kind, ...] = ("note", "transcript", "audio", "paper", "web", "link", "digest", "thread")


# Who stands behind the words: the person's own notes, what somebody published, or anonymous posts.
Trust = Literal["own", "published", "anonymous"]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a text file, 1-based and inclusive, under a path of headings."""

    start: int
    end: int
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Seconds of a recording. Where only the start is known, `end` equals `start`."""

    start: float
    end: float
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a paper, 1-based, and the section it is part of, if it says."""

    page: int
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a thread, by its number, and the first post of the reply chain that it stands in."""

    post: int
    chain: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a text that has no times, 1-based."""

    n: int
    speakers: tuple[str, ...] = ()


Locator = Lines | TimeSpan | Page | Post | Paragraph


# How a segment is written: running prose, an item of an outline, code, a table, a heading with nothing under it, talk.
Form = Literal["prose", "bullet", "code", "table", "heading", "speech"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a document's text that is content, and where it stands for a person.

    What lies between segments (cue times, front matter, speaker marks) is never searched or quoted.
    `depth` is the nesting of an outline's item, from 1; 0 outside a list. `apart`: what stands before it was left out
    as a recogniser's loop, and no quote runs across that.
    """

    start_char: int
    end_char: int
    locator: Locator
    form: Form = "prose"
    depth: int = 0
    apart: bool = False


class Collapsed(TypedDict):
    """A stretch of a recogniser's loop, kept in the text and left out of search: where, and what was repeated."""

    start_char: int
    end_char: int
    times: int
    words: str


class Chapter(TypedDict):
    """A part of a recording: the second at which it begins, and what it is called."""

    start: float
    title: str


class LowConfidence(TypedDict):
    """What a recogniser wrote and does not trust itself: seconds, its words, why they are left out."""

    start: float
    end: float
    text: str
    reason: str


class Transcription(TypedDict):
    """How a recording became words: its length in seconds, what heard it, in which language."""

    seconds: float
    engine: str
    model: str
    language: str


class DigestEntry(TypedDict):
    """An entry of a link digest: its link (canonical), what is said of it, and the lines that it stands on.

    `state` and `best` are what the file says of them: empty and False where it only offers to mark.
    """

    title: str
    url: str
    summary: str
    date: str
    tags: list[str]
    first_line: int
    last_line: int
    state: Literal["", "unread", "read"]
    best: bool


class PostSpan(TypedDict):
    """A post of a thread: the first post of its chain, the span of its own words, what it answers, subject and file."""

    no: int
    chain: int
    start_char: int
    end_char: int
    quotes: list[int]
    subject: str
    file: str


class Link(TypedDict):
    """A link that stands in a document: to another note (`wiki`, `embed`) or to an address (`url`, canonical).

    `target` is the note's name or path as written, or the address; `part` the heading or `^block` of a note; `label`
    what people see; `line` where it stands, 1-based.
    """

    form: Literal["wiki", "embed", "url"]
    target: str
    part: str
    label: str
    line: int


class Metadata(TypedDict, total=False):
    """What a source knows of a document beside its text. Dates are ISO 8601.

    `also`: uris of files that say the same and are not read. `rendered`: the text was made from the file (JSON, HTML,
    PDF), so its lines are not the file's. `vault` and `vault_path`: the Obsidian vault that the file lies in, and
    where in it. Of a thread: `board`, the posts that are quoted and not there (`dangling`), those gone since
    (`deleted`). Of a feed's entry: the `feed`, its `summary`, the page that it `discusses`, and whether nothing but its
    headline is known (`headline_only`); of an
    episode the `transcripts` that its publisher gives (address, suffix) and where its chapters are (`chapters_at`).
    `generated`: written by this program, found and shown and never quoted.
    """

    authors: list[str]
    published: str
    tags: list[str]
    aliases: list[str]
    links: list[Link]
    vault: str
    vault_path: str
    pdf: str
    url: str
    media: str
    also: list[str]
    encoding: str
    trust: Trust
    warnings: list[str]
    rendered: bool
    collapsed: list[Collapsed]
    chapters: list[Chapter]
    heard: Transcription
    dropped: list[LowConfidence]
    transcripts: list[list[str]]
    chapters_at: str
    entries: list[DigestEntry]
    posts: list[PostSpan]
    board: str
    dangling: list[int]
    deleted: list[int]
    feed: str
    summary: str
    discusses: str
    headline_only: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that was ingested.

    `uri` is a percent-encoded absolute `file://` URI or a canonical URL; one document a uri. `text` is the file's
    own decoded text for plain-text formats. The catalog gives the id, once (`""` before that).
    """

    uri: str
    kind: Kind
    title: str
    text: str
    segments: tuple[Segment, ...]
    metadata: Metadata = field(default_factory=Metadata)
    id: str = ""
