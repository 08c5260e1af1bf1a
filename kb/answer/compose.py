"""Frozen evidence to an answer: quoted sentence by sentence, or written by a model and held to what it cites."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index.models.embedder import Embedder
from index.models.reranker import Reranker
from kb.answer import citations, entailment, generate, levels, parse
from kb.answer.context import PromptContext, brief
from kb.answer.evidence import Sentence, cut_quote, follows, gather, whole_passage
from kb.answer.verify import Verdict, fold, stands_in
from kb.llm.client import Llm
from kb.text.sentences import split
from kb.types.answers import Answer, Citation, Claim, Level, Quoted
from kb.types.documents import Metadata, Post
from kb.types.search import Hit

if TYPE_CHECKING:
    from kb.answer.prepared import Prepared

UNSUPPORTED = "(not supported by what it cites)"
_LONGEST_RUN = 3


def quoted(prepared: Prepared, level: Level, answer: Answer) -> Answer:
    """The sentences that answer, word for word, the best first; an answer that abstains if none of them stands."""
    besides = [sentence.plain for sentence in prepared.defined]
    told = [s.sentence for s in levels.for_level(prepared.taken, level, besides)]
    claims: list[Claim] = []
    cited: list[Citation] = []
    for run in [*_in_order(told), *([sentence] for sentence in prepared.defined)]:
        made = _cited(prepared, len(cited) + 1, run[0], run[-1])
        if made is None or any(fold(made.quote) == fold(other.quote) for other in cited):
            continue
        cited.append(made)
        own = Quoted(made.n, made.quote, made.start_char, made.end_char)
        claims.append(Claim(_told(made, _metadata(prepared, run[0].hit)), (made.n,), True, "", (own,)))
    if not cited:
        return answer
    text = "\n".join(f"{claim.text} [{claim.citations[0]}]" for claim in claims)
    return replace(answer, text=text, claims=tuple(claims), citations=tuple(cited), abstained=False, nearest=())


def _in_order(told: Sequence[Sentence]) -> list[list[Sentence]]:
    """The best sentence first, by itself: it is the headline. Then the others, passage by passage, in their own order.

    Sentences that follow one another in a passage are one quote.
    """
    if not told:
        return []
    order = {sentence.hit.chunk.id: n for n, sentence in reversed(list(enumerate(told)))}
    head = [told[0], *[s for s in told[1:2] if follows(told[0], s) and _ends(told[0])]]
    rest = sorted(told[len(head) :], key=lambda s: (order[s.hit.chunk.id], s.start))
    runs = [head]
    for sentence in rest:
        if len(runs) > 1 and follows(runs[-1][-1], sentence) and _ends(runs[-1][-1]):
            runs[-1].append(sentence)
        else:
            runs.append([sentence])
    return runs


def _ends(sentence: Sentence) -> bool:
    """Whether a sentence ends as one; two items of a list are two statements."""
    return sentence.plain.rstrip('"”’)').endswith((".", "!", "?", "…", ":"))


def _told(cited: Citation, metadata: Metadata) -> str:
    """A quote as a statement: an anonymous one is told as what somebody said, never as what is."""
    if metadata.get("trust") != "anonymous":
        return cited.quote
    where = f" in /{metadata['board']}/" if "board" in metadata else ""
    what = "post" if metadata.get("rendered") else "recap of a thread"
    gone = isinstance(cited.locator, Post) and cited.locator.post in metadata.get("deleted", [])
    return f"An anonymous {what}{where}{', deleted since,' if gone else ''} says: “{cited.quote}”"


def written(
    prepared: Prepared,
    level: Level,
    llm: Llm,
    embedder: Callable[[], Embedder],
    reader: Reranker | None,
    within: str,
    answer: Answer,
) -> Generator[str, None, Answer]:
    """An answer by a language model; quoted instead, and said so, where nothing that it wrote stands.

    Raises `LlmError` if the model cannot be had.
    """
    evidence = [*prepared.result.hits, *(d.hit for d in prepared.defined)]
    briefing = brief(evidence, prepared.around, generate.budget(llm, level, prepared.searched))
    made = yield from generate.write(
        llm, briefing, prepared.searched, level, entailment.judge(embedder().embed, reader), split, within
    )
    if made.not_said:
        return replace(answer, answerer=llm.name, notes=(f"{llm.name} found no answer in these passages.",))
    if not made.supported:
        note = f"Nothing that {llm.name} wrote stood up to the check. The answer is quoted from your sources instead."
        return quoted(prepared, level, replace(answer, notes=(note,)))
    seen: list[int] = []
    known = {passage.n for passage in briefing.passages}
    lines = []
    for verdict in made.verdicts:
        line = parse.sentence(verdict.statement, known, seen)
        lines.append(line if verdict.supported else f"{line} {UNSUPPORTED}")
    claims, cited = _borne(prepared, made.verdicts, briefing, seen)
    breaches = tuple(f"Not kept of the level {level}: {breach}." for breach in made.breaches)
    return replace(
        answer,
        text="\n".join(lines),
        claims=tuple(claims),
        citations=tuple(cited),
        abstained=False,
        nearest=(),
        answerer=llm.name,
        notes=(*made.notes, *breaches),
    )


def _borne(
    prepared: Prepared, verdicts: Sequence[Verdict], briefing: PromptContext, seen: Sequence[int]
) -> tuple[list[Claim], list[Citation]]:
    """The claims of a written answer and a citation for each passage it uses, by first use.

    The quote is the source's own: the sentences that hold the words which the model gave, else those likest the claim.
    """
    hits = {passage.n: passage.hit for passage in briefing.passages}
    cited: dict[int, Citation] = {}
    claims = []
    for verdict in verdicts:
        statement = verdict.statement
        given = dict(reversed(statement.quotes))
        own = []
        for n in statement.cited:
            if n not in hits:
                continue
            shown = seen.index(n) + 1
            first, last = _bearing(hits[n], given.get(n, ""), statement.text)
            made = _cited(prepared, shown, first, last)
            if made is None:
                continue
            cited.setdefault(shown, made)
            own.append(Quoted(shown, made.quote, made.start_char, made.end_char))
        numbers = tuple(quote.n for quote in own)
        lost = "" if own else "its source has changed meanwhile"
        claims.append(
            Claim(
                statement.text,
                numbers,
                verdict.supported and bool(own),
                _as_shown(verdict.why, seen) or lost,
                tuple(own),
            )
        )
    return claims, [cited[n] for n in sorted(cited)]


def _as_shown(why: str, seen: Sequence[int]) -> str:
    """What is wrong with a statement, in the numbers that a reader sees."""

    def shown(match: re.Match[str]) -> str:
        n = int(match[1])
        return f"[{seen.index(n) + 1}]" if n in seen else match.group()

    return re.sub(r"\[(\d+)\]", shown, why)


def _bearing(hit: Hit, given: str, claim: str) -> tuple[Sentence, Sentence]:
    """The run of a passage's sentences that holds the words given, else the one with most of the claim's words."""
    sentences = gather([hit]).sentences or (whole_passage(hit),)
    if given:
        for size in range(1, _LONGEST_RUN + 1):
            for at in range(len(sentences) - size + 1):
                first, last = sentences[at], sentences[at + size - 1]
                if size > 1 and not all(
                    follows(a, b)
                    for a, b in zip(sentences[at : at + size], sentences[at + 1 : at + size], strict=False)
                ):
                    continue
                if stands_in(given, cut_quote(hit, first.start, last.end)) or stands_in(
                    given, " ".join(s.plain for s in sentences[at : at + size])
                ):
                    return first, last
    words = set(fold(claim).split())
    best = max(sentences, key=lambda s: (len(words & set(fold(s.plain).split())), -s.start))
    return best, best


def _cited(prepared: Prepared, n: int, first: Sentence, last: Sentence) -> Citation | None:
    """The citation of a run of sentences; None for one whose words do not stand in its source. None is ever shown."""
    chunk = first.hit.chunk
    entries, texts = prepared.entries or {}, prepared.texts or {}
    if chunk.document_id not in entries:
        return None
    text = texts[chunk.document_id]
    made = citations.cite(n, first, last, text, entries[chunk.document_id].metadata)
    return None if citations.stands(made, text, chunk) else made


def _metadata(prepared: Prepared, hit: Hit) -> Metadata:
    return (prepared.entries or {})[hit.chunk.document_id].metadata
