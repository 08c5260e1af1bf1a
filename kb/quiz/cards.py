"""Review: which cards are due today, what an answer does to one, and how much is remembered."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from index.storage import cards
from index.storage.cards import CardRow, ReviewRow
from index.storage.catalog import Catalog
from kb.errors import UsageError
from kb.quiz import items as quiz_items
from kb.quiz import scheduler, validation
from kb.quiz.grading import Grade
from kb.quiz.items import QuizItem
from kb.quiz.scheduler import Rating
from kb.types.documents import Paragraph


@dataclass(frozen=True, slots=True)
class Card:
    """A card that can be asked: its item, when it is due, how often it was answered."""

    item: QuizItem
    due: str
    answered: int
    state: str = "ok"
    why: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be reviewed now, the most overdue first; how many more wait for another day; what cannot be asked."""

    cards: tuple[Card, ...]
    waiting: int = 0
    next_due: str = ""
    stale: tuple[tuple[str, str, str], ...] = ()  # id, question, why
    broken: tuple[tuple[str, str], ...] = ()  # id, why
    answered_today: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer: the verdict, how it was rated, when the card comes back."""

    card: Card
    grade: Grade
    rating: Rating
    due: str


@dataclass(frozen=True, slots=True)
class Retention:
    """Honest figures. `recalled` of `asked` are answers to cards that had been answered before, right and all.

    `expected` is what the scheduler reckons of the cards now, as a mean; `by_day` are days (ISO) with answers and right
    ones.
    """

    cards: int
    learnt: int
    due: int
    asked: int
    recalled: int
    expected: float
    by_day: tuple[tuple[str, int, int], ...] = ()


def keep(catalog: Catalog, items: Sequence[QuizItem], now: dt.datetime) -> int:
    """Make cards of items, due at once; how many were new. The caller holds a transaction."""
    at, kept = _utc(now), 0
    for item in items:
        number = int(item.id[1:], 16)
        row = json.dumps(quiz_items.as_row(item), ensure_ascii=False)
        kept += cards.put(
            catalog, CardRow(item.id, row, scheduler.new(number, now), at, item.document_id, "ok", "", at, 0)
        )
    return kept


def due(catalog: Catalog, now: dt.datetime, most: int, most_new: int) -> Due:
    """The cards to review now: at most `most` a day, of which `most_new` were never answered. Staleness is noted."""
    today = _day(now)
    done = [review for review in cards.reviews(catalog) if _day_of(review.at, now) == today]
    room, room_new = max(most - len(done), 0), max(most_new - sum(review.first for review in done), 0)
    chosen: list[Card] = []
    stale: list[tuple[str, str, str]] = []
    broken: list[tuple[str, str]] = []
    waiting = 0
    after = ""
    for row in cards.cards(catalog):
        card = _read(catalog, row)
        if card.state == "broken":
            broken.append((row.id, card.why))
        elif card.state == "stale":
            stale.append((row.id, card.item.question, card.why))
        elif row.due > _utc(now):
            after = after or row.due
        elif len(chosen) >= room or (row.answered == 0 and room_new <= 0):
            waiting += 1
        else:
            room_new -= row.answered == 0
            chosen.append(card)
    return Due(tuple(chosen), waiting, after, tuple(stale), tuple(broken), len(done))


def _read(catalog: Catalog, row: CardRow) -> Card:
    """A card whose source still says what it asks; else stale, and one that cannot be read broken, both noted."""
    try:
        item = quiz_items.from_row(json.loads(row.item))
        scheduler.read(row.schedule)
    except (ValueError, RecursionError) as error:
        why = f"it cannot be read ({error})"
        if (row.state, row.why) != ("broken", why):
            cards.set_state(catalog, row.id, "broken", why)
        return Card(_NOTHING, row.due, row.answered, "broken", why)
    moved, why = _still_says(catalog, item)
    state = "stale" if why else "ok"
    if (state, why) != (row.state, row.why):
        cards.set_state(catalog, row.id, state, why)
    if moved is not item:
        cards.set_item(catalog, row.id, json.dumps(quiz_items.as_row(moved), ensure_ascii=False))
    return Card(moved, row.due, row.answered, state, why)


def _still_says(catalog: Catalog, item: QuizItem) -> tuple[QuizItem, str]:
    """The item, in the passage that its quote stands in now; and why it is stale, if it is."""
    entry = catalog.documents_of([item.document_id]).get(item.document_id)
    if entry is None:
        return item, "its source is no longer there"
    wanted = validation.fold(item.quote)
    chunk = catalog.chunks([item.chunk_id]).get(item.chunk_id)
    if chunk is not None and wanted in validation.fold(chunk.text):
        return item, ""
    for other in catalog.chunks(sorted(catalog.chunk_ids(item.document_id))).values():
        if wanted in validation.fold(other.text):
            return replace(item, chunk_id=other.id), ""
    return item, "its source says something else now"


def answer(
    catalog: Catalog, row: CardRow, card: Card, grade: Grade, said: str, now: dt.datetime, rating: Rating | None = None
) -> Answered:
    """Keep an answer and put the card where it belongs. The caller holds a transaction.

    Right is good, nearly right hard, wrong again; `rating` is the person's own word for it.
    """
    given: Rating = rating or ("again" if not grade.correct else "hard" if grade.near else "good")
    state, due_at = scheduler.reviewed(row.schedule, given, now)
    review = ReviewRow(0, row.id, _utc(now), given, grade.correct, said[:2000], grade.by, "", "", False)
    cards.note_review(catalog, row, review, state, due_at)
    return Answered(card, grade, given, due_at)


def open_card(catalog: Catalog, prefix: str) -> tuple[CardRow, Card]:
    """A card by id, to be answered. Raises `UnknownId`, and `UsageError` for one that cannot be asked."""
    row = cards.find(catalog, prefix)
    card = _read(catalog, row)
    if card.state != "ok":
        raise UsageError(f"The card {row.id} cannot be asked: {card.why}. kb cards remove {row.id} takes it away.")
    return row, card


def retention(catalog: Catalog, now: dt.datetime) -> Retention:
    """How much was remembered of what had been learnt, counted, and what the scheduler expects of all cards now."""
    rows, log = cards.cards(catalog), cards.reviews(catalog)
    again = [review for review in log if not review.first]
    chances = []
    for row in rows:
        try:
            chances += [scheduler.remembered(row.schedule, now)] if row.answered else []
        except ValueError:
            continue
    days: dict[str, list[int]] = {}
    for review in log:
        counted = days.setdefault(_day_of(review.at, now), [0, 0])
        counted[0] += 1
        counted[1] += review.correct
    return Retention(
        cards=len(rows),
        learnt=sum(row.answered > 0 for row in rows),
        due=sum(row.due <= _utc(now) and row.state == "ok" for row in rows),
        asked=len(again),
        recalled=sum(review.correct for review in again),
        expected=round(sum(chances) / len(chances), 3) if chances else 0.0,
        by_day=tuple((day, n, right) for day, (n, right) in sorted(days.items())),
    )


def _utc(now: dt.datetime) -> str:
    return now.astimezone(dt.UTC).isoformat()


def _day(now: dt.datetime) -> str:
    return now.date().isoformat()


def _day_of(iso: str, now: dt.datetime) -> str:
    """The person's own day of a moment in UTC; of one that cannot be read, none."""
    try:
        return dt.datetime.fromisoformat(iso).astimezone(now.tzinfo).date().isoformat()
    except ValueError:
        return ""


# Stands for what a row that cannot be read may have asked.
_NOTHING = QuizItem(
    *("", "cloze", "?", (), "", "", "", "", "", "", "note", "", "", Paragraph(1), "", 0, 0, "beginner"),
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    path: str
    cards: int
    skipped: tuple[tuple[str, str], ...] = field(default_factory=tuple)


def askable(catalog: Catalog) -> tuple[list[Card], list[tuple[str, str]]]:
    """Every card that can be asked, and the ids of those that cannot, with the reason."""
    found, left = [], []
    for row in cards.cards(catalog):
        card = _read(catalog, row)
        if card.state == "ok":
            found.append(card)
        else:
            left.append((row.id, card.why))
    return found, left
