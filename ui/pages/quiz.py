"""Quiz and review: questions that the sources answer, one at a time, and the cards that are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from kb.errors import KbError
from kb.library import Library
from kb.quiz.cards import Due, Retention
from kb.quiz.grading import Grade
from kb.quiz.items import Quiz, QuizItem
from kb.text.markdown import shown
from kb.types import locators
from kb.types.answers import LEVELS
from ui.render.answers import LEVEL_NAMES
from ui.render.html import action, is_web, link, notice, notices, words
from ui.render.panel import panel
from ui.sessions import Session

_COUNT = 5
_MOST_COUNT = 20


class QuizPage:
    """The tab's parts and what they do."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def build(self) -> None:
        """Put the parts on the page, in the tab that is being built."""
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                self.topic = gr.Textbox(
                    label="Quiz me on", placeholder="a topic, or nothing for anything", max_lines=1, elem_id="kb-topic"
                )
                with gr.Row():
                    self.level = gr.Dropdown(
                        [(LEVEL_NAMES[level], level) for level in LEVELS],
                        value=self._library.config.level,
                        label="Level",
                    )
                    self.count = gr.Number(_COUNT, label="Questions", minimum=1, maximum=_MOST_COUNT, precision=0)
                with gr.Row():
                    self.start = gr.Button("Start the quiz", variant="primary", elem_id="kb-start-quiz", size="md")
                    self.review = gr.Button("Review what is due", elem_id="kb-start-review", size="md")
                    self.undo = gr.Button("Undo last answer", elem_id="kb-undo", size="md")
            with gr.Column(scale=1, min_width=260):
                self.figures = panel("", elem_id="kb-figures")
        self.page = panel(
            "",
            elem_id="kb-quiz",
            part="quiz",
            asked=[self.answer],
        )

    def connect(self, play: Any, session: gr.State) -> None:
        """Connect the parts; `play` is the chat's wish to be asked about an answer."""
        outputs = [self.page, self.figures]
        settings: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private"}
        events = [
            gr.on(
                [self.start.click, self.topic.submit],
                self._quiz,
                [self.topic, self.level, self.count],
                outputs,
                **settings,
            ),
            self.review.click(self._review, None, outputs, **settings),
            play(self._on_answer, [session, self.level], outputs, **settings),
        ]
        for event in events:
            event.success(None, None, None, js="() => window.kb.quiz()")
        self.undo.click(self._undone, None, outputs, **settings)

    def shown(self) -> str:
        """How much is due and was remembered."""
        try:
            return _figures(self._library.retention())
        except KbError as error:
            return notice(str(error), "bad")

    # What the page's script asks for

    def answer(self, card_id: str, given: str) -> dict[str, Any]:
        """Judge an answer to a card: HTML of the verdict, and whether it is right (None where it was not judged)."""
        try:
            made = self._library.answer_card(str(card_id), str(given))
        except KbError as error:
            return {"html": notice(str(error), "bad"), "correct": None}
        return {"html": _verdict(made.card.item, made.grade, made.due), "correct": made.grade.correct}

    # Quizzes

    def _quiz(self, topic: str, level: str, count: float) -> tuple[str, str]:
        try:
            made = self._library.quiz(topic.strip(), int(count or _COUNT), level)
        except KbError as error:
            return notice(str(error), "bad"), self.shown()
        return _page(made.items, _notes(made)), self.shown()

    def _on_answer(self, session: Session | None, level: str, event: gr.EventData) -> tuple[str, str]:
        """A quiz on an answer of the chat: on its own passages if it is the last one, else on its question."""
        question = str(event._data.get("question", ""))
        last = session.last() if session is not None and session.is_last(question) else None
        try:
            if last is not None:
                made = self._library.quiz_on(last)
            else:
                made = self._library.quiz(str(event._data.get("searched") or question), _COUNT, level)
        except KbError as error:
            return notice(str(error), "bad"), self.shown()
        return _page(made.items, _notes(made)), self.shown()

    def _review(self) -> tuple[str, str]:
        try:
            found = self._library.due()
        except KbError as error:
            return notice(str(error), "bad"), self.shown()
        return _page([card.item for card in found.cards], _due_notes(found)), self.shown()

    def _undone(self) -> tuple[Any, str]:
        try:
            self._library.undo_review()
        except KbError as error:
            return notice(str(error), "warning"), self.shown()
        return notice("The last answer is taken back; its card is due as it was.", "good"), self.shown()


def _notes(made: Quiz) -> list[str]:
    notes = list(made.notes)
    if not made.items and not notes:
        notes.append("There is nothing to ask about that: no sentence of your sources makes a fair question.")
    return notes


def _due_notes(found: Due) -> list[str]:
    notes = []
    if not found.cards:
        notes.append("Nothing is due now.")
        if found.next_due:
            notes.append(f"The next card comes back on {found.next_due[:10]}.")
    if found.waiting:
        notes.append(f"{found.waiting} more wait for another day: the day's limit.")
    if found.stale:
        notes.append(f"{len(found.stale)} cards are not asked any more, because their sources changed or are gone.")
    notes += [f"{card_id}: {why}" for card_id, why in found.broken]
    return notes


def _page(items: Sequence[QuizItem], notes: Sequence[str]) -> str:
    forms = "".join(_item(item, n, len(items)) for n, item in enumerate(items, start=1))
    end = (
        '<div class="kb-score" tabindex="-1" hidden><p class="kb-score-line" role="status"></p></div>' if items else ""
    )
    return f'<section class="kb-quiz" aria-label="Questions">{notices(notes)}{forms}{end}</section>'


def _item(item: QuizItem, n: int, of: int) -> str:
    about, _, asked = item.question.partition("\n")
    above = words(f"{n} of {of}" + (f" · {about}" if asked else ""))
    question = words(asked or about)
    if item.options:
        rows = "".join(
            f'<label class="kb-option"><input type="radio" name="answer" value="{words(option)}"> '
            f"{words(option)}</label>"
            for option in item.options
        )
        body = f"<fieldset><legend>{question}</legend>{rows}</fieldset>"
    else:
        body = (
            f'<p class="kb-question-text" id="q-{words(item.id)}">{question}</p><label class="kb-written">Your answer '
            f'<input name="answer" type="text" autocomplete="off" aria-describedby="q-{words(item.id)}"></label>'
        )
    hidden = "" if n == 1 else " hidden"
    return (
        f'<form class="kb-item" data-id="{words(item.id)}"{hidden}><p class="kb-quiet">{above}</p>{body}'
        '<div class="kb-row kb-answer-row"><button type="submit" class="kb-button kb-primary">Answer</button>'
        f'{action("next-item", "Skip")}</div><div class="kb-verdict" role="status"></div>'
        '<button type="button" class="kb-button kb-primary kb-next" data-act="next-item" hidden>Next</button></form>'
    )


def _verdict(item: QuizItem, grade: Grade, due: str) -> str:
    word = ("Nearly right" if grade.near else "Right") if grade.correct else "Not so"
    why = f" ({grade.why})" if grade.why else ""
    where = f"{item.title} · {locators.describe(item.locator)}"
    opened = link(item.link, where) if is_web(item.link) else words(where)
    return (
        notice(f"{word}: {item.answer}{why}", "good" if grade.correct else "bad")
        + f"<blockquote>“{words(shown(item.quote))}”</blockquote>"
        + f'<p class="kb-quiet">{opened}</p><p class="kb-quiet">Comes back on {words(due[:10])}.</p>'
    )


def _figures(found: Retention) -> str:
    rows = [
        ("Cards", f"{found.cards:,}"),
        ("Due now", f"{found.due:,}"),
        ("Answered once or more", f"{found.learnt:,}"),
    ]
    if found.asked:
        rows.append(("Remembered when asked again", f"{100 * found.recalled / found.asked:.0f} % of {found.asked:,}"))
    cells = "".join(f"<div><dt>{words(name)}</dt><dd>{words(value)}</dd></div>" for name, value in rows)
    exports = (
        '<p class="kb-row"><a class="kb-button" href="kb/cards/anki" download>For Anki</a>'
        '<a class="kb-button" href="kb/cards/obsidian" download>For Obsidian</a></p>'
        if found.cards
        else ""
    )
    return f'<dl class="kb-facts">{cells}</dl>{exports}'
