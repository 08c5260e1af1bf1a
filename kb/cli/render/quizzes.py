"""Questions, grades, reviews and cards, as text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kb.cli.render.terminal import safe
from kb.text.markdown import shown
from kb.types import locators

if TYPE_CHECKING:
    from kb.quiz.cards import Card, Due, Retention
    from kb.quiz.grading import Grade
    from kb.quiz.items import Quiz, QuizItem


def question(out: Console, item: QuizItem, n: int, of: int) -> None:
    """A question with its options, what it is about above it."""
    about, _, asked = item.question.partition("\n")
    out.print(Text.assemble((f"{n} of {of}  ", "dim"), (safe(about) if asked else "", "dim")))
    out.print(Text(safe(asked or about), "bold"))
    for place, option in enumerate(item.options):
        out.print(f"  {chr(ord('a') + place)}) {safe(option)}")


def verdict(out: Console, item: QuizItem, grade: Grade, due: str) -> None:
    """Whether an answer was right, with the words of the source, where they stand, and when the question comes back."""
    word, style = ("nearly right" if grade.near else "right", "green") if grade.correct else ("not so", "red")
    told = Text.assemble((word, style), f": {safe(item.answer)}")
    if grade.why:
        told.append(f"  ({safe(grade.why)})", "dim")
    out.print(told)
    quote = textwrap.fill(f"“{shown(item.quote)}”", 100)
    out.print(textwrap.indent(quote, "    "))
    out.print(Text(f"    {safe(item.title)} · {safe(locators.describe(item.locator))} · {safe(item.link)}", "dim"))
    if due:
        out.print(Text(f"    comes back {due[:16].replace('T', ' ')} (UTC)", "dim"))
    out.print()


def quiz_notes(out: Console, made: Quiz) -> None:
    """What a person should know of a quiz beside its questions."""
    for note in made.notes:
        out.print(Text(safe(note), "yellow"))
    if made.rejected:
        count = sum(made.rejected.values())
        reasons = sorted(made.rejected.items(), key=lambda pair: -pair[1])[:4]
        told = ", ".join(f"{reason} {n}" for reason, n in reasons)
        out.print(Text(f"thrown away on the way: {count} ({told})", "dim"))


def due_notes(out: Console, found: Due) -> None:
    """What is not asked now, and why."""
    if not found.cards:
        when = f" The next is due {found.next_due[:16].replace('T', ' ')} (UTC)." if found.next_due else ""
        waits = f" {found.waiting} wait for another day: the day's limit is reached." if found.waiting else ""
        out.print(f"Nothing is due.{waits}{when}")
    elif found.waiting:
        out.print(Text(f"{found.waiting} more wait for another day.", "dim"))
    if found.stale:
        first = found.stale[0][2]
        out.print(Text(f"stale cards: {len(found.stale)}; of the first, {first} (kb cards list).", "yellow"))
    for card_id, why in found.broken:
        out.print(Text(f"{card_id}: {safe(why)}; it is left as it is (kb cards remove {card_id}).", "yellow"))


def retention(out: Console, found: Retention) -> None:
    """What was remembered, counted; no streaks."""
    out.print(f"{found.cards} cards, {found.learnt} answered at least once, {found.due} due now")
    if found.asked:
        share = 100 * found.recalled / found.asked
        out.print(f"of {found.asked} answers to cards seen before, {found.recalled} were right ({share:.0f} %)")
    if found.learnt:
        out.print(f"the scheduler expects {100 * found.expected:.0f} % of them to be remembered now")
    for day, n, right in found.by_day[-14:]:
        out.print(Text(f"  {day}  {right} of {n} right", "dim"))


def cards(out: Console, found: Sequence[Card], left: Sequence[tuple[str, str]]) -> None:
    """Cards with the day on which each comes back."""
    if not found and not left:
        out.print("No cards yet. kb quiz makes them.")
    for one in found:
        about, _, asked = one.item.question.partition("\n")
        out.print(Text.assemble((f"{one.item.id}  ", "dim"), safe(asked or about)))
        out.print(Text(f"    due {one.due[:10]} · answers {one.answered} · {safe(one.item.title)}", "dim"))
    for card_id, why in left:
        out.print(Text(f"{card_id}  cannot be asked: {safe(why)}", "yellow"))
