"""Talk in any of its files: one document, its segments located by time where the file has times.

A time is given only where the file has one: a stretch between two marks is located between them, and a file without
marks is cited by paragraph. What a recogniser said over and over stays in the text and is left out of the segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ingest.notes import frontmatter
from ingest.notes.frontmatter import FrontMatter
from ingest.source import TextFile
from ingest.transcripts import chapters, html_pages, json_formats, plain_text, repetitions, subtitles
from kb.errors import IngestError
from kb.types.documents import Chapter, Collapsed, Document, Kind, Metadata, Segment, TimeSpan

_SUBTITLES = frozenset({".srt", ".vtt", ".sbv", ".tsv"})
_PROSE = frozenset({".txt", ".md", ".markdown"})
_SHOWN_LOOP = 80
_NO_HEAD = FrontMatter("", {}, 0)


@dataclass(frozen=True, slots=True)
class Talk:
    """What a reader of one form gives: the text that offsets index, its segments, and what was odd."""

    text: str
    segments: list[Segment]
    warnings: list[str]
    rendered: bool = False
    head: FrontMatter = _NO_HEAD
    chapters: list[Chapter] = field(default_factory=list)


class Transcripts:
    """Reads console output, subtitles, recognisers' JSON, and prose with or without speakers."""

    name = "transcripts"
    version = 4
    kind: Kind = "transcript"
    suffixes = _SUBTITLES | _PROSE | {".json"} | html_pages.SUFFIXES
    empty = "it holds no speech, only times or notes like [Music]"

    def recognises(self, file: TextFile) -> bool:
        """By the look of its content; a plain `.txt` also if it reads as talk."""
        if file.suffix == ".tsv":
            return subtitles.is_timed_table(file.text)
        if file.suffix in _SUBTITLES:
            return True
        if file.suffix == ".json":
            return json_formats.parse(file.text) is not None
        if file.suffix in html_pages.SUFFIXES:
            return html_pages.is_talk(file.text)
        body = frontmatter.parse(file.text).body
        if plain_text.has_cues(file.text[body:]) or plain_text.is_dialogue(file.text, body):
            return True
        return file.suffix == ".txt" and plain_text.reads_as_talk(file.text)

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each cue or paragraph of talk."""
        talk = _read(file)
        segments, collapsed = collapse(talk.text, talk.segments)
        if not segments:
            return
        metadata: Metadata = {**talk.head.metadata, "trust": "published"}
        guessed = [file.decoded.warning] if file.decoded.warning else []
        warnings = [*metadata.get("warnings", []), *guessed, *talk.warnings]
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
        if collapsed:
            metadata["collapsed"] = collapsed
            warnings.append(told_of_loops(collapsed))
        if warnings:
            metadata["warnings"] = warnings
        if talk.chapters:
            metadata["chapters"] = talk.chapters
        if talk.rendered:
            metadata["rendered"] = True
        if media := _media_beside(file):
            metadata["media"] = media
        title = talk.head.title or file.stem
        yield Document(file.item.uri, "transcript", title, talk.text, tuple(segments), metadata)


def _read(file: TextFile) -> Talk:
    if file.suffix == ".json" and (found := json_formats.parse(file.text)) is not None:
        return rendered(found)
    if file.suffix in html_pages.SUFFIXES:
        return rendered(html_pages.parse(file.text))
    if file.suffix in _SUBTITLES:
        return _from_cues(file.text)
    head = frontmatter.parse(file.text)
    if plain_text.has_cues(file.text[head.body :]):
        segments, repaired = plain_text.bracket_cues(file.text)
        return Talk(file.text, segments, _repairs(repaired), head=head)
    parts, lists = chapters.find(file.text, head.body)
    return Talk(file.text, plain_text.Prose(file.text, head.body, lists).segments(), [], head=head, chapters=parts)


def _repairs(count: int) -> list[str]:
    return [f"{count} cue times ran backwards and were put right"] if count else []


def _from_cues(text: str) -> Talk:
    found, rolled = subtitles.unrolled(text, list(subtitles.cues(text)))
    times, repaired = plain_text.in_order([(cue.start, cue.end) for cue in found])
    segments = []
    for cue, (start, end) in zip(found, times, strict=True):
        locator = TimeSpan(start, end, (cue.speaker,) if cue.speaker else ())
        for line in cue.lines:
            if plain_text.is_speech(" ".join(text[a:b] for a, b in line)):
                segments += [Segment(a, b, locator, "speech") for a, b in line]
    shown = [f"{rolled} lines of rolling captions are said once"] if rolled else []
    return Talk(text, segments, [*_repairs(repaired), *shown])


def rendered(found: list[json_formats.TimedText]) -> Talk:
    """What was said as a text, a segment a line, and its segments by their times."""
    times, repaired = plain_text.in_order([(said.start, said.end) for said in found])
    lines: list[str] = []
    segments: list[Segment] = []
    at = 0
    for said, (start, end) in zip(found, times, strict=True):
        words = " ".join(said.text.split())
        if plain_text.is_speech(words):
            speakers = (said.speaker,) if said.speaker else ()
            segments.append(Segment(at, at + len(words), TimeSpan(start, end, speakers), "speech"))
        lines.append(words)
        at += len(words) + 1
    return Talk("\n".join(lines), segments, _repairs(repaired), rendered=True)


def told_of_loops(collapsed: list[Collapsed]) -> str:
    """The warning that repeats are left out."""
    repeats = sum(loop["times"] - 1 for loop in collapsed)
    return f"{repeats} repeats of {len(collapsed)} loops are left out of search (kb sources show)"


def collapse(text: str, segments: list[Segment]) -> tuple[list[Segment], list[Collapsed]]:
    """Segments without the repeats of a recogniser's loops, and where those stand."""
    collapsed: list[Collapsed] = []
    repeats = {
        n: first
        for first, last in repetitions.equal_runs([text[s.start_char : s.end_char] for s in segments])
        for n in range(first + 1, last)
    }
    out: list[Segment] = []
    apart = False
    for n, segment in enumerate(segments):
        if n in repeats:
            if n - 1 not in repeats:
                collapsed.append(_loop(text, segment.start_char, segment.end_char, segments[repeats[n]]))
            collapsed[-1]["end_char"] = segment.end_char
            collapsed[-1]["times"] += 1
            apart = True
            continue
        parts, inside = _without_loops(text, replace(segment, apart=apart))
        collapsed += inside
        out += parts
        apart = bool(inside) and parts[-1].end_char < inside[-1]["end_char"]
    return out, collapsed


def _loop(text: str, start: int, end: int, said: Segment) -> Collapsed:
    words = text[said.start_char : said.end_char][:_SHOWN_LOOP]
    return {"start_char": start, "end_char": end, "times": 1, "words": words}


def _without_loops(text: str, segment: Segment) -> tuple[list[Segment], list[Collapsed]]:
    """The parts of a segment around the loops in it; the first round of each stays."""
    parts: list[Segment] = []
    collapsed: list[Collapsed] = []
    rest = segment
    while (found := repetitions.loop_in(text[rest.start_char : rest.end_char])) is not None:
        begin, first, end = (rest.start_char + offset for offset in found[:3])
        parts.append(replace(rest, end_char=first))
        words = text[begin:first][:_SHOWN_LOOP]
        collapsed.append({"start_char": first, "end_char": end, "times": found[3], "words": words})
        start = end
        while start < segment.end_char and not text[start].isalnum():
            start += 1
        if start >= segment.end_char:
            return parts, collapsed
        rest = replace(segment, start_char=start, apart=True)
    return [*parts, rest], collapsed


def _media_beside(file: TextFile) -> str:
    """The recording of the same name in the same folder, as a URI."""
    for suffix in (".mp3", ".m4a", ".mp4", ".webm", ".mkv", ".ogg", ".opus", ".flac", ".wav"):
        sibling = file.item.path.with_suffix(suffix)
        if sibling.is_file():
            return sibling.absolute().as_uri()
    return ""
