"""What a person learns from a knowledge base: quizzes, cards that come back, what is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import UsageError
from kb.library.context import whole_text

if TYPE_CHECKING:
    from index.filters import Filters
    from kb.library.context import LibraryContext
    from kb.quiz.cards import Answered, Card, Due, Exported, Retention
    from kb.quiz.grading import Grade
    from kb.quiz.items import Quiz, QuizItem
    from kb.quiz.scheduler import Rating
    from kb.quiz.session import QuizSession
    from kb.types.answers import Answer, Level

_MOST_ITEMS = 500


class Study:
    """Quizzes, cards and reviews over one knowledge base."""

    def __init__(self, context: LibraryContext) -> None:
        self._context = context

    def quiz(
        self,
        topic: str = "",
        count: int = 5,
        level: str | None = None,
        filters: Filters | None = None,
        keep: bool = True,
        posts: bool = False,
    ) -> Quiz:
        """Questions on a topic, or on anything; with `keep` they are cards from now on, and asked by `review`.

        What was asked before is not asked again. `posts`: of anonymous threads too. Raises `UsageError` for an unknown
        level or a count that cannot be.
        """
        asker, chosen = self._asker(level, count, posts)
        text = whole_text(topic)
        if asker is not None and not keep:
            asker.known = []  # asked once, whatever was asked before
        if asker is None:
            return _empty(text, chosen, "There is nothing to ask about yet. Run: kb ingest FOLDER.")
        quiz = asker.quiz(text, count, chosen, self._seed(text, asker), filters, self._context.llm())
        return self._kept(quiz, keep)

    def quiz_on(self, answer: Answer, count: int = 3, keep: bool = True) -> Quiz:
        """Questions on what an answer rests on."""
        asker, level = self._asker(answer.level, count, False)
        chunks = list(dict.fromkeys(citation.chunk_id for citation in answer.citations))
        chunks += [hit.chunk.id for hit in answer.nearest if answer.abstained]
        if asker is None or not chunks:
            return _empty(answer.question, level, "There is no answer to ask about.")
        quiz = asker.of_chunks(
            chunks, count, level, self._seed(answer.question, asker), answer.question, self._context.llm()
        )
        return self._kept(quiz, keep)

    def _asker(self, level: str | None, count: int, posts: bool) -> tuple[QuizSession | None, Level]:
        from kb.answer.levels import check_level
        from kb.quiz import cards
        from kb.quiz.session import QuizSession

        chosen = check_level(level or self._context.config.level)
        if not 1 <= count <= _MOST_ITEMS:
            raise UsageError(f"-n is at least 1 and at most {_MOST_ITEMS}.")
        catalog = self._context.catalog()
        if catalog is None or not catalog.count("chunks"):
            return None, chosen
        with self._context.ledger() as db:
            known = [card.item for card in cards.askable(db)[0]]
        return QuizSession(
            self._context.retriever(), catalog, lambda texts: self._context.embedder().embed(texts), posts, known
        ), chosen

    def _seed(self, topic: str, asker: QuizSession) -> str:
        """The same quiz on the same day, until what it asked is known."""
        return f"{self._context.now().date().isoformat()} {topic} {len(asker.known)}"

    def _kept(self, quiz: Quiz, keep: bool) -> Quiz:
        from kb.quiz import cards

        if keep and quiz.items:
            with self._context.ledger() as db, db.transaction():
                cards.keep(db, quiz.items, self._context.now())
        return quiz

    def grade(self, item: QuizItem, answer: str) -> Grade:
        """Whether an answer is right; nothing is kept of it."""
        from kb.quiz.grading import grade

        return grade(item, whole_text(answer), lambda texts: self._context.embedder().embed(texts), self._context.llm())

    # Review

    def due(self, most: int | None = None) -> Due:
        """What is to be reviewed now, within the day's limits, or at most `most`."""
        from kb.quiz import cards

        limit = self._context.config.cards_a_day
        with self._context.ledger() as db:
            found = cards.due(db, self._context.now(), limit, self._context.config.new_cards_a_day)
        if most is None:
            return found
        if most < 1:
            raise UsageError("-n must be 1 or more.")
        return replace(found, cards=found.cards[:most])

    def answer_card(self, card_id: str, answer: str, rating: Rating | None = None) -> Answered:
        """Answer a card: judged by code, kept in the log, put where it belongs. `rating` is the person's own word.

        Raises `UnknownId`, and `UsageError` for a card that cannot be asked any more.
        """
        from kb.quiz import cards

        answer = whole_text(answer)
        with self._context.ledger() as db:
            row, card = cards.open_card(db, whole_text(card_id))
            verdict = self.grade(card.item, answer)
            with db.transaction():
                return cards.answer(db, row, card, verdict, answer, self._context.now(), rating)

    def undo_review(self) -> str:
        """Take the last answer back; the id of its card. Raises `UsageError` if there is none."""
        from index.storage import cards

        with self._context.ledger() as db, db.transaction():
            review = cards.undo(db)
        if review is None:
            raise UsageError("There is no answer to take back.")
        return review.card_id

    def retention(self) -> Retention:
        """How much was remembered, counted from the log."""
        from kb.quiz import cards

        with self._context.ledger() as db:
            return cards.retention(db, self._context.now())

    # Cards

    def cards(self) -> tuple[list[Card], list[tuple[str, str]]]:
        """Every card that can be asked, and the ids of those that cannot, with the reason."""
        from kb.quiz import cards

        with self._context.ledger() as db:
            return cards.askable(db)

    def remove_cards(self, prefixes: Sequence[str], stale: bool = False) -> list[str]:
        """Take cards away, and with `stale` those whose sources changed or are gone; their ids. Raises `UnknownId`."""
        from index.storage import cards as rows
        from kb.quiz import cards

        with self._context.ledger() as db:
            gone = [rows.find(db, whole_text(prefix)).id for prefix in prefixes]
            gone += [card_id for card_id, _ in cards.askable(db)[1]] if stale else []
            gone = list(dict.fromkeys(gone))
            with db.transaction():
                rows.remove(db, gone)
        return gone

    def export_cards(self, path: Path, form: str) -> Exported:
        """Write all cards for Anki (`anki`) or Obsidian (`obsidian`); again, and they are updated there.

        Raises `UsageError` for another form, and `StoreError` if the file cannot be written.
        """
        from kb.quiz import export
        from kb.quiz.cards import Exported

        if form not in ("anki", "obsidian"):
            raise UsageError(f"Cards are exported to anki or obsidian, not to {form!r}.")
        found, left = self.cards()
        (export.anki if form == "anki" else export.obsidian)(found, path)
        return Exported(str(path), len(found), tuple(left))


def _empty(topic: str, level: Level, note: str) -> Quiz:
    from kb.quiz.items import Quiz

    return Quiz(topic, level, notes=[note])
