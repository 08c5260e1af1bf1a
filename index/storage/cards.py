"""Cards: quiz items that come back, their schedules, and the log of what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.storage.database import Database
from kb.errors import UnknownId


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card as it is kept. `item` and `schedule` are JSON; times are ISO 8601 in UTC.

    `state`: ok, or stale with the reason (its source changed or is gone), or broken (it cannot be read).
    """

    id: str
    item: str
    schedule: str
    due: str
    document_id: str
    state: str
    why: str
    made: str
    answered: int


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One answer: how it was rated, whether it was right, who judged it, and the card's schedule before it.

    `first`: the card had never been answered.
    """

    n: int
    card_id: str
    at: str
    rating: str
    correct: bool
    answer: str
    judged: str
    before: str
    due_before: str
    first: bool


_CARD = "SELECT id, item, schedule, due, document_id, state, why, made, answered FROM cards"
_REVIEW = "SELECT n, card_id, at, rating, correct, answer, judged, before, due_before, first FROM reviews"


def put(db: Database, card: CardRow) -> bool:
    """Keep a card; False if it is there already, with the schedule that it has."""
    return bool(
        db.change(
            "INSERT OR IGNORE INTO cards VALUES (?,?,?,?,?,?,?,?,?)",
            (
                *(card.id, card.item, card.schedule, card.due, card.document_id),
                *(card.state, card.why, card.made, card.answered),
            ),
        )
    )


def cards(db: Database, where: str = "", values: Sequence[Any] = ()) -> list[CardRow]:
    """Cards, those that are due longest first. `where` is our own SQL, never a person's."""
    return [CardRow(*row) for row in db.rows(f"{_CARD} {where} ORDER BY due, id", values)]


def find(db: Database | None, prefix: str) -> CardRow:
    """The card with an id, or the beginning of one. Raises `UnknownId`."""
    found = cards(db, "WHERE id >= ? AND id < ?", (prefix, prefix + "\uffff")) if db is not None and prefix else []
    exact = [card for card in found if card.id == prefix]
    if not found:
        raise UnknownId(f"No card has the id {prefix!r}. kb cards list shows the ids.")
    if len(found) > 1 and not exact:
        raise UnknownId(f"{prefix!r} fits several cards: {', '.join(c.id for c in found[:5])}. Write more of it.")
    return (exact or found)[0]


def set_state(db: Database, card_id: str, state: str, why: str) -> None:
    """Note that a card is stale or broken, or ok again."""
    db.change("UPDATE cards SET state = ?, why = ? WHERE id = ?", (state, why, card_id))


def set_item(db: Database, card_id: str, item: str) -> None:
    """Keep an item whose passage has another id now."""
    db.change("UPDATE cards SET item = ? WHERE id = ?", (item, card_id))


def remove(db: Database, card_ids: Sequence[str]) -> None:
    """Take cards away; what was answered stays in the log."""
    for card_id in card_ids:
        db.change("DELETE FROM cards WHERE id = ?", (card_id,))


def note_review(db: Database, card: CardRow, review: ReviewRow, schedule: str, due: str) -> None:
    """Keep an answer, and when the card comes back. The caller holds a transaction."""
    db.change(
        "INSERT INTO reviews (card_id, at, rating, correct, answer, judged, before, due_before, first) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (
            *(card.id, review.at, review.rating, int(review.correct), review.answer, review.judged),
            *(card.schedule, card.due, int(card.answered == 0)),
        ),
    )
    db.change("UPDATE cards SET schedule = ?, due = ?, answered = answered + 1 WHERE id = ?", (schedule, due, card.id))


def reviews(db: Database, where: str = "", values: Sequence[Any] = ()) -> list[ReviewRow]:
    """Answers in the order in which they were given. `where` is our own SQL."""
    rows = db.rows(f"{_REVIEW} {where} ORDER BY n", values)
    return [ReviewRow(*row[:4], bool(row[4]), *row[5:9], bool(row[9])) for row in rows]  # type: ignore[call-arg]


def undo(db: Database) -> ReviewRow | None:
    """Take back the last answer to a card that is there: it is due as it was before. None if there is none."""
    newest = "SELECT max(n) FROM reviews WHERE card_id IN (SELECT id FROM cards)"
    last = reviews(db, f"WHERE n = ({newest})")
    if not last:
        return None
    review = last[0]
    db.change(
        "UPDATE cards SET schedule = ?, due = ?, answered = max(answered - 1, 0) WHERE id = ?",
        (review.before, review.due_before, review.card_id),
    )
    db.change("DELETE FROM reviews WHERE n = ?", (review.n,))
    return review
