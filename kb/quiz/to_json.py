"""Quizzes, cards and reviews as JSON: the field names that programs rely on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kb.quiz.cards import Answered, Card, Due, Retention
    from kb.quiz.items import Quiz, QuizItem


def quiz_item(item: QuizItem) -> dict[str, Any]:
    """A question."""
    from kb.quiz.items import as_row

    return as_row(item)


def quiz(made: Quiz) -> dict[str, Any]:
    """A quiz; `rejected` counts, by reason, what was thrown away on the way."""
    return {
        "topic": made.topic,
        "level": made.level,
        "items": [quiz_item(item) for item in made.items],
        "rejected": made.rejected,
        "notes": made.notes,
    }


def card(found: Card) -> dict[str, Any]:
    """A card."""
    return {"due": found.due, "answered": found.answered, "state": found.state, **quiz_item(found.item)}


def due(found: Due) -> dict[str, Any]:
    """What is to be reviewed."""
    return {
        "cards": [card(one) for one in found.cards],
        "waiting": found.waiting,
        "next_due": found.next_due or None,
        "answered_today": found.answered_today,
        "stale": [{"id": i, "question": question, "why": why} for i, question, why in found.stale],
        "broken": [{"id": i, "why": why} for i, why in found.broken],
    }


def answered(found: Answered) -> dict[str, Any]:
    """What came of an answer."""
    return {
        "id": found.card.item.id,
        "correct": found.grade.correct,
        "near": found.grade.near,
        "why": found.grade.why,
        "judged_by": found.grade.by,
        "rating": found.rating,
        "due": found.due,
        "answer": found.card.item.answer,
        "quote": found.card.item.quote,
        "explanation": found.card.item.explanation,
        "link": found.card.item.link,
    }


def retention(found: Retention) -> dict[str, Any]:
    """How much was remembered."""
    out = asdict(found)
    out["by_day"] = [{"date": day, "answers": n, "right": right} for day, n, right in found.by_day]
    out["share"] = round(found.recalled / found.asked, 3) if found.asked else None
    return out
