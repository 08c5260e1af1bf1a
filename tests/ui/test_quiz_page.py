"""Quiz and review in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from kb.library import Library
from tests.ui.conftest import Watched

Tutor = Callable[..., Watched]
FILES = {
    f"{name}.md": f"# {title}\n\n{said}\n"
    for name, title, said in [
        (
            "moss",
            "Moss",
            "Moss is a small plant that takes its water from the fog. Sphagnum holds 20 times its weight.",
        ),
        ("fern", "Ferns", "A fern is a plant that spreads by spores. Bracken covers 40 hectares near Kyoto."),
        ("ivy", "Ivy", "Ivy is a climber that holds on by small roots. Hedera grows 90 centimetres in a summer."),
        ("yew", "Yew", "A yew is a tree that lives for a thousand years. Taxus needs 15 years to bear seeds."),
        ("oak", "Oak", "An oak is a tree that feeds more insects than any other. Quercus drops 10 kilograms a year."),
        ("elm", "Elm", "An elm is a tree that a fungus killed all over Europe. Ulmus reached 35 metres before it."),
    ]
}


def started(watched: Watched, count: int = 3) -> None:
    watched.tab("Quiz")
    watched.page.get_by_label("Questions", exact=True).fill(str(count))
    watched.page.click("#kb-start-quiz")
    watched.page.wait_for_selector(".kb-item:not([hidden])")


def answered(watched: Watched, library: Library, rightly: bool) -> None:
    """Answer the question that is shown."""
    form = watched.page.locator(".kb-item:not([hidden])")
    card = next(c.item for c in library.cards()[0] if c.item.id == form.get_attribute("data-id"))
    if card.options:
        wanted = card.answer if rightly else next(o for o in card.options if o != card.answer)
        form.locator(f'input[value="{wanted}"]').check()
    else:
        form.locator("input").fill(card.answer if rightly else "nothing of the kind")
    form.locator("button[type=submit]").click()
    form.locator(".kb-next").wait_for()


def test_an_answer_is_judged_at_once_with_the_words_of_the_source(tutor: Tutor, library: Library) -> None:
    watched = tutor(FILES)
    started(watched)
    answered(watched, library, rightly=True)
    verdict = watched.page.locator(".kb-item:not([hidden]) .kb-verdict")
    expect(verdict.locator(".kb-good")).to_contain_text("Right")
    expect(verdict.locator("blockquote")).not_to_be_empty()
    expect(verdict).to_contain_text("line")


def test_questions_come_one_at_a_time_and_the_right_ones_are_counted(tutor: Tutor, library: Library) -> None:
    watched = tutor(FILES)
    started(watched)
    for rightly in (True, False, True):
        expect(watched.page.locator(".kb-item:not([hidden])")).to_have_count(1)
        answered(watched, library, rightly)
        watched.page.click(".kb-item:not([hidden]) .kb-next")
    expect(watched.page.locator(".kb-score-line")).to_contain_text("2 of 3 right")


def test_a_question_without_an_answer_asks_for_one(tutor: Tutor) -> None:
    watched = tutor(FILES)
    started(watched)
    watched.page.click(".kb-item:not([hidden]) button[type=submit]")
    expect(watched.page.locator(".kb-item:not([hidden]) .kb-verdict")).to_contain_text("or skip")


def test_what_was_skipped_comes_back_in_the_review(tutor: Tutor, library: Library) -> None:
    watched = tutor(FILES)
    started(watched)
    for _ in range(3):
        watched.page.click('.kb-item:not([hidden]) .kb-answer-row [data-act="next-item"]')
    expect(watched.page.locator(".kb-score-line")).to_contain_text("come back in the review")
    watched.page.click("#kb-start-review")
    expect(watched.page.locator(".kb-item")).to_have_count(3)
    answered(watched, library, rightly=True)
    assert library.retention().learnt == 1


def test_the_last_answer_can_be_taken_back(tutor: Tutor, library: Library) -> None:
    watched = tutor(FILES)
    started(watched)
    answered(watched, library, rightly=False)
    watched.page.click("#kb-undo")
    expect(watched.page.locator("#kb-quiz")).to_contain_text("taken back")
    assert library.retention().learnt == 0


def test_quiz_me_asks_about_the_answer_in_the_chat(tutor: Tutor) -> None:
    watched = tutor(FILES)
    watched.ask("What is moss?")
    watched.page.click('#kb-now [data-act="quiz"]')
    expect(watched.page.locator('[role="tab"][aria-selected="true"]')).to_have_text("Quiz & review")
    expect(watched.page.locator(".kb-item:not([hidden])")).to_contain_text("of")


def test_cards_are_exported_from_the_page(tutor: Tutor) -> None:
    watched = tutor(FILES)
    started(watched)
    with watched.page.expect_download() as saved:
        watched.page.click('a[href="kb/cards/anki"]')
    assert saved.value.suggested_filename == "kb.apkg"
    assert saved.value.path().read_bytes().startswith(b"PK")


def test_a_topic_that_nothing_is_said_of_is_told(tutor: Tutor) -> None:
    watched = tutor(FILES)
    watched.tab("Quiz")
    watched.page.fill("#kb-topic textarea, #kb-topic input", "football in Lisbon")
    watched.page.click("#kb-start-quiz")
    expect(watched.page.locator("#kb-quiz .kb-notice").first).to_be_visible()
