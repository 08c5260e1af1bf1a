"""When a card comes back: FSRS by py-fsrs, without its random shift, so that the same answers give the same days.

https://github.com/open-spaced-repetition/py-fsrs
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

Rating = Literal["again", "hard", "good", "easy"]
RATINGS: tuple[Rating, ...] = ("again", "hard", "good", "easy")


@cache
def scheduler() -> Scheduler:
    """The scheduler with its published default weights, aiming at remembering nine of ten."""
    from fsrs import Scheduler

    return Scheduler(enable_fuzzing=False)


def new(card_id: int, now: dt.datetime) -> str:
    """The state of a card that was never answered, as JSON; it is due at once."""
    from fsrs import Card

    return json.dumps(Card(card_id=card_id, due=now.astimezone(dt.UTC)).to_dict())


def reviewed(state: str, rating: Rating, now: dt.datetime) -> tuple[str, str]:
    """A card's state after an answer, and when it is due (ISO 8601 in UTC). Raises `ValueError` for a broken state.

    A clock that went back counts as no time passed since the last answer.
    """
    from fsrs import Rating as Given

    card = read(state)
    at = now.astimezone(dt.UTC)
    if card.last_review is not None and at < card.last_review:
        at = card.last_review
    after, _ = scheduler().review_card(card, Given(RATINGS.index(rating) + 1), at)
    return json.dumps(after.to_dict()), after.due.isoformat()


def remembered(state: str, now: dt.datetime) -> float:
    """How likely a card is remembered now, 0 to 1; 0 before its first answer. Raises `ValueError`."""
    card = read(state)
    if card.last_review is None:
        return 0.0
    at = max(now.astimezone(dt.UTC), card.last_review)
    return float(scheduler().get_card_retrievability(card, at))


def read(state: str) -> Card:
    """A card's state. Raises `ValueError` for a broken one."""
    from fsrs import Card

    try:
        return Card.from_dict(json.loads(state))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the card's schedule cannot be read ({error})") from None
