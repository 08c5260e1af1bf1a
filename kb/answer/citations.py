"""Citations, made and checked by code: the words quoted stand in the source, where the citation says."""

from __future__ import annotations

import re
import unicodedata

from index.chunking.spans import locate, slice_of
from kb.answer.evidence import Sentence, cut_quote
from kb.types import locators
from kb.types.answers import Citation
from kb.types.documents import Metadata
from kb.types.search import Chunk


def cite(n: int, first: Sentence, last: Sentence, text: str, metadata: Metadata) -> Citation:
    """The citation of the sentences from `first` to `last` of one passage, in the words of the frozen evidence.

    `text` is their document's, for the lines; whether the words stand in it is for `stands` to say.
    """
    chunk = first.hit.chunk
    start, end = first.start, last.end
    locator = locate(text, chunk.segments, start, end)
    lines = (1 + line_ends(text, 0, start), 1 + line_ends(text, 0, max(end - 1, start)))
    return Citation(
        n=n,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        kind=first.hit.kind,
        title=first.hit.title,
        uri=first.hit.uri,
        locator=locator,
        link=locators.link(first.hit.uri, metadata, locator, lines),
        quote=cut_quote(first.hit, start, end),
        start_char=start,
        end_char=end,
    )


def line_ends(text: str, start: int, end: int) -> int:
    """How many lines end between two offsets."""
    return len(re.findall(r"\r\n|\r|\n", text[start:end]))


def stands(citation: Citation, text: str, chunk: Chunk) -> str:
    """Empty if the quote is what the source has at the citation's offsets; else why not.

    `text` is the document's as the catalog has it now, `chunk` the passage that the quote was cut from.
    """
    if not (chunk.start_char <= citation.start_char < citation.end_char <= chunk.end_char):
        return "it lies outside the passage that it cites"
    there = slice_of(text, chunk.segments, citation.start_char, citation.end_char)
    if fold(there) != fold(citation.quote):
        return "the quoted words do not stand there in the source"
    return ""


def fold(text: str) -> str:
    """A text without what does not change its words: case, Unicode forms, white space."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
