"""An answer by a language model: streamed, checked statement by statement, mended once, marked where it fails."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from kb.answer import levels, parse, verify
from kb.answer.context import PromptContext
from kb.answer.verify import Fault, Statement, Support, Verdict
from kb.errors import LlmError, SchemaRefused
from kb.llm import prompts
from kb.llm.client import Llm, Message, Schema, tokens
from kb.text import entities
from kb.text.punkt import is_ordinary
from kb.types.answers import Level

# A statement that is borne less than this is not supported (bench/checks.py has the curve).
FLOOR = 0.2
# What a level's longest answer takes, quotes and JSON included.
MOST_TOKENS: dict[Level, int] = {"eli5": 700, "beginner": 1000, "practitioner": 1500, "expert": 1900}
_MOST_CHARS = 24_000
_PROMPT_TOKENS = 900
_FEWEST_FOR_PASSAGES = 300

Split = Callable[[str], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """A checked answer: its verdicts in order, what of the level it does not keep, and what happened on the way.

    `not_said`: the model found no answer in the passages.
    """

    verdicts: tuple[Verdict, ...]
    breaches: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    not_said: bool = False

    @property
    def supported(self) -> int:
        """How many statements nothing is wrong with."""
        return sum(verdict.supported for verdict in self.verdicts)

    @property
    def faults(self) -> int:
        """How many things are wrong, of statements and of the level."""
        return sum(len(verdict.faults) for verdict in self.verdicts) + len(self.breaches)


def budget(llm: Llm, level: Level, question: str) -> int:
    """How many tokens the passages may take: what the model's context leaves beside the rules and the answer."""
    answer = min(MOST_TOKENS[level], llm.context // 3)
    return max(_FEWEST_FOR_PASSAGES, llm.context - answer - _PROMPT_TOKENS - tokens(question))


def write(
    llm: Llm,
    briefing: PromptContext,
    question: str,
    level: Level,
    support: Support,
    split: Split,
    within: str = "",
) -> Generator[str, None, GeneratedAnswer]:
    """Have an answer written from a briefing; yields what can be shown of the draft, and returns what stands.

    `within` is the fuller answer whose numbers and names a simpler one keeps to. Raises `LlmError` if no draft comes.
    """
    known = {passage.n for passage in briefing.passages}
    most = min(MOST_TOKENS[level], llm.context // 3)
    messages, draft, cut = yield from _draft(llm, briefing, question, level, most, within, known)
    reply = parse.parse(draft, split)
    if reply.not_said:
        return GeneratedAnswer((), not_said=True)
    notes = ("The model did not stop writing; its answer was cut.",) if cut else ()
    sources = briefing.sources()

    def judged(statements: Sequence[Statement]) -> GeneratedAnswer:
        verdicts = verify.check(statements, sources, support, FLOOR)
        verdicts = _kept_within(verdicts, within) if within else verdicts
        breaches = levels.breaches([s.text for s in statements], level, [source.text for source in sources])
        return GeneratedAnswer(tuple(verdicts), tuple(breaches), notes)

    first = judged(reply.statements)
    if not first.faults or not first.verdicts:
        return first
    again = prompts.AGAIN.format(faults="\n".join(_complaints(first)))
    try:
        mended = llm.write(
            [*messages, Message("assistant", draft[:_MOST_CHARS]), Message("user", again)], most, _schema(llm)
        )
    except LlmError as error:
        return replace(first, notes=(*notes, f"What failed could not be written again: {error}"))
    second = judged(parse.parse(mended, split).statements)
    return _better(first, second)


def _draft(
    llm: Llm, briefing: PromptContext, question: str, level: Level, most: int, within: str, known: set[int]
) -> Generator[str, None, tuple[list[Message], str, bool]]:
    """The first reply, shown as it comes: in JSON if the server keeps to a schema, else in prose."""
    while True:
        messages = messages_for(briefing, question, level, llm.structured, within)
        shown = parse.StreamingReply(known)
        parts: list[str] = []
        length, cut = 0, False
        try:
            for part in llm.stream(messages, most, _schema(llm)):
                parts.append(part)
                length += len(part)
                if more := shown.feed(part):
                    yield more
                if length > _MOST_CHARS:
                    cut = True
                    break
        except SchemaRefused:
            continue  # the model's client knows it now, and asks for prose
        if more := shown.close():
            yield more
        if not "".join(parts).strip():
            raise LlmError(f"The language model {llm.name} answered nothing.", passing=True)
        return messages, "".join(parts), cut


def _schema(llm: Llm) -> Schema | None:
    return prompts.ANSWER_SCHEMA if llm.structured else None


def messages_for(
    briefing: PromptContext, question: str, level: Level, structured: bool, within: str = ""
) -> list[Message]:
    """What a model is told and asked for an answer."""
    rules = prompts.ANSWER.format(
        fence=briefing.fence,
        level=prompts.LEVELS[level] + (prompts.WITHIN.format(text=within) if within else ""),
        form=prompts.FORM_JSON if structured else prompts.FORM_PROSE,
        not_in_sources=prompts.NOT_IN_SOURCES if not structured else '{"statements": []}',
    )
    asked = prompts.QUESTION.format(passages=briefing.text, question=" ".join(question.split()))
    return [Message("system", rules), Message("user", asked)]


def _kept_within(verdicts: Sequence[Verdict], within: str) -> list[Verdict]:
    """Verdicts, with a fault for each number or name of a simpler answer that the fuller one does not have."""
    told = entities.facts(within)
    out = []
    for verdict in verdicts:
        said = verdict.statement.text
        extra = [*entities.missing_numbers(said, told), *entities.missing_names(said, told, is_ordinary)]
        kinds = [Fault("number", f"{word} is not in the fuller answer") for word in extra]
        out.append(replace(verdict, faults=(*verdict.faults, *kinds)))
    return out


def _complaints(written: GeneratedAnswer) -> list[str]:
    lines = [f'- "{v.statement.text}": {v.why}' for v in written.verdicts if not v.supported]
    return [*lines, *(f"- the whole answer: {breach}" for breach in written.breaches)]


def _better(first: GeneratedAnswer, second: GeneratedAnswer) -> GeneratedAnswer:
    """The mended answer, unless it says nothing or is worse."""
    if not second.verdicts:
        return first
    share = [w.supported / len(w.verdicts) for w in (first, second)]
    return second if (share[1], -second.faults) >= (share[0], -first.faults) else first
