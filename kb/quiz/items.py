"""What a quiz is made of: an item asks for one thing that its quote says, and leads to where that stands."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from kb.types import locators
from kb.types.answers import Level
from kb.types.documents import Kind, Locator

ItemType = Literal["multiple_choice", "cloze", "true_false", "short_answer", "who_said", "when"]
TYPES: tuple[ItemType, ...] = ("multiple_choice", "cloze", "true_false", "short_answer", "who_said", "when")
TRUE, FALSE = "True", "False"
BLANK = "_____"


@dataclass(frozen=True, slots=True)
class QuizItem:
    """One question. `answer` is the right option's text, or what belongs in the blank.

    `quote` is the source's own words, from `start_char` to `end_char` of its text; `fact` is the part of them that is
    asked for (for true_false what the statement should say; for who_said and when, what the locator says). `by` is
    `kb`, or the model that wrote it.
    """

    id: str
    type: ItemType
    question: str
    options: tuple[str, ...]
    answer: str
    explanation: str
    quote: str
    fact: str
    document_id: str
    chunk_id: str
    kind: Kind
    title: str
    uri: str
    locator: Locator
    link: str
    start_char: int
    end_char: int
    level: Level
    by: str = "kb"

    @property
    def content_hash(self) -> str:
        """The hash of what it was made from: another one, and the source says something else now."""
        return hashlib.sha256(self.quote.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def id_of(type_: ItemType, question: str, answer: str, document_id: str) -> str:
    """The id of an item: the same question of the same source is the same item."""
    said = "\x1f".join((type_, question, answer, document_id))
    return "q" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def as_row(item: QuizItem) -> dict[str, Any]:
    """An item as JSON."""
    row = asdict(item)
    row["options"] = list(item.options)
    row["locator"] = locators.as_json(item.locator)
    row["content_hash"] = item.content_hash
    return row


def from_row(row: Mapping[str, Any]) -> QuizItem:
    """The item that `as_row` wrote. Raises `ValueError` for what is none."""
    try:
        known = {name: row[name] for name in QuizItem.__dataclass_fields__}
        known["options"] = tuple(known["options"])
        known["locator"] = locators.from_json(known["locator"])
        item = QuizItem(**known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no item ({error})") from None
    if item.type not in TYPES or not isinstance(item.answer, str) or not item.question:
        raise ValueError("it is no item")
    return item


@dataclass(slots=True)
class Quiz:
    """Items, and what was thrown away on the way to them: how many candidates for each reason."""

    topic: str
    level: Level
    items: list[QuizItem] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def reject(self, reason: str, count: int = 1) -> None:
        """Count what was thrown away."""
        self.rejected[reason] = self.rejected.get(reason, 0) + count
