"""Quizzes by a language model: asked for in JSON from numbered passages, then held against the same gates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from kb.answer.evidence import Sentence, gather
from kb.errors import LlmError, SchemaRefused
from kb.llm import prompts
from kb.llm.client import Llm, Message, tokens
from kb.quiz import validation
from kb.quiz.items import TYPES, ItemType, Quiz, QuizItem
from kb.quiz.wording import made, under
from kb.types.answers import Citation, Level
from kb.types.search import Hit

_PASSAGES = 6
_TOKENS_AN_ITEM = 160
_ROUNDS = 3
_READERS: dict[Level, str] = {
    "eli5": "a curious twelve-year-old",
    "beginner": "somebody new to the subject",
    "practitioner": "somebody who works with it",
    "expert": "an expert",
}


def write(
    llm: Llm,
    topic: str,
    hits: Sequence[Hit],
    cite: Callable[[Sentence], Citation],
    count: int,
    level: Level,
    known: Sequence[QuizItem] = (),
    posts: bool = False,
) -> Quiz:
    """At most `count` items that pass the gates. Raises `LlmError` if the model writes none that can be read."""
    quiz = Quiz(topic, level)
    usable = [hit for hit in hits if posts or hit.trust != "anonymous"]
    for at in range(0, min(len(usable), _ROUNDS * _PASSAGES), _PASSAGES):
        given = _fitting(usable[at : at + _PASSAGES], llm.context // 2)
        try:
            rows = _asked_for(llm, topic, given, count - len(quiz.items), level)
        except LlmError:
            if not quiz.items:
                raise
            break  # those that it wrote before stand
        for row in rows:
            item, why = _item(row, given, cite, level, llm.name)
            if item is not None and not why:
                hit = next(hit for hit in given if hit.chunk.id == item.chunk_id)
                why = validation.refusal(item, hit.chunk.text, hit.trust == "anonymous", posts)
                why = why or (validation.ASKED if validation.repeats(item, [*quiz.items, *known]) else "")
            if why or item is None:
                quiz.reject(why)
            elif len(quiz.items) < count:
                quiz.items.append(item)
        if len(quiz.items) >= count:
            break
    return quiz


def _fitting(hits: Sequence[Hit], budget: int) -> list[Hit]:
    out: list[Hit] = []
    for hit in hits:
        budget -= tokens(hit.chunk.text)
        if out and budget < 0:
            break
        out.append(hit)
    return out


def _asked_for(llm: Llm, topic: str, given: Sequence[Hit], count: int, level: Level) -> list[dict[str, Any]]:
    told = "\n\n".join(f"[{n}] {hit.title}\n{hit.chunk.text}" for n, hit in enumerate(given, start=1))
    about = f" on {topic}" if topic else ""
    wanted = f"Write {count} questions{about} for {_READERS[level]}.\n\n{told}"
    messages = [Message("system", prompts.QUIZ), Message("user", wanted)]
    most = min(_TOKENS_AN_ITEM * count + 200, llm.context // 3)
    try:
        said = llm.write(messages, most, prompts.QUIZ_SCHEMA)
    except SchemaRefused:
        said = llm.write(messages, most)
    rows = _rows(said)
    if not rows:
        raise LlmError(f"The model {llm.name} wrote no questions that can be read.")
    return rows


def _rows(said: str) -> list[dict[str, Any]]:
    """The items of a reply, however it is wrapped; one that breaks off gives those that are whole."""
    start = said.find("{")
    try:
        found = json.loads(said[start : said.rfind("}") + 1])
        rows = found.get("items", [])
    except (ValueError, RecursionError):
        rows = []
        for match in re.finditer(r"\{[^{}]*\}", said):
            try:
                rows.append(json.loads(match.group()))
            except ValueError:
                continue
    rows = rows if isinstance(rows, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("question"), str)]


def _item(
    row: dict[str, Any], given: Sequence[Hit], cite: Callable[[Sentence], Citation], level: Level, model: str
) -> tuple[QuizItem | None, str]:
    """The item of a row, or why there is none."""
    type_: ItemType | None = next((t for t in TYPES if t == row.get("type")), None)
    quote, answer = str(row.get("quote") or ""), " ".join(str(row.get("answer") or "").split())
    if type_ not in ("multiple_choice", "cloze", "short_answer") or not answer:
        return None, "no item"
    place = row.get("passage")
    order = [*([given[place - 1]] if isinstance(place, int) and 1 <= place <= len(given) else []), *given]
    wanted = validation.fold(quote)
    for hit in order:
        for sentence in gather([hit]).sentences if wanted else ():
            there = validation.fold(sentence.quote)
            if wanted in there or (there in wanted and len(there) > 0.6 * len(wanted)):
                options = row.get("options") if isinstance(row.get("options"), list) else []
                shown = (
                    tuple(" ".join(str(option).split()) for option in options or [])
                    if type_ == "multiple_choice"
                    else ()
                )
                question = under(hit, " ".join(row["question"].split()), answer)
                return made(type_, cite(sentence), question, answer, shown, answer, level, model), ""
    return None, "the quote does not stand in the passage"
