"""The chat, in a real browser: levels, citations, source cards, filters, what the browser keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

import kb
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm, ScriptedReply
from tests.ui.conftest import Server, Watched

BUBBLE = """\
---
title: Pipeline parallelism
date: 2026-03-14
---
# Pipeline parallelism

## The bubble

- The pipeline bubble is the time in which stages wait for their first micro-batch.
    - More micro-batches make the bubble smaller.
    - The bubble takes 4 percent of a step with 64 micro-batches.
- Gradient checkpointing saves memory and costs a third more time.
"""
TALK = """\
[0:00] Ann: Welcome to the workshop on sparse attention.
[0:12] Ben: Sparse attention reads only a few of the earlier tokens, which makes long documents cheaper.
[0:25] Ann: The router was trained with eight experts and a load balancing loss of one percent.
"""
QUESTION = "What is the pipeline bubble?"
Tutor = Callable[..., Watched]


def test_an_answer_comes_with_numbered_citations(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("stages wait for their first micro-batch")
    expect(watched.page.locator("#kb-now .kb-cite").first).to_have_text("1")


def test_a_citation_opens_its_source_with_the_quoted_words_marked(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    card = watched.page.locator("#kb-card")
    expect(card.locator("h3")).to_have_text("Pipeline parallelism")
    expect(card).to_contain_text("note · 2026-03-14")
    expect(card.locator("mark")).to_contain_text("The pipeline bubble is the time")
    expect(card.locator(".kb-open")).to_contain_text("bubble.md, line 9")


def test_escape_closes_the_card_and_the_focus_goes_back_to_the_citation(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card")).to_be_visible()
    watched.page.keyboard.press("Escape")
    expect(watched.page.locator("#kb-card")).to_be_hidden()
    expect(watched.page.locator("#kb-now .kb-cite").first).to_be_focused()


def test_a_question_can_be_asked_and_a_citation_opened_by_keyboard_alone(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    page = watched.page
    page.keyboard.press("/")
    expect(page.locator("#kb-question textarea")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#kb-now .kb-turn[data-answer]")
    page.locator("#kb-now .kb-cite").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#kb-card h3")).to_be_focused()


def test_a_recording_plays_from_two_seconds_before_the_words(
    tutor: Tutor, notes: Path, a_tone: Callable[..., bytes]
) -> None:
    (notes / "workshop.wav").write_bytes(a_tone(40))
    watched = tutor({"workshop.txt": TALK})
    watched.ask("What does sparse attention read?")
    watched.page.locator("#kb-now .kb-cite").first.click()
    player = watched.page.locator("#kb-card audio")
    expect(player).to_have_count(1)
    watched.page.wait_for_function("document.querySelector('#kb-card audio').readyState >= 1")
    watched.page.wait_for_function("Math.abs(document.querySelector('#kb-card audio').currentTime - 10) < 0.6")


def test_simpler_and_deeper_tell_the_same_evidence_at_another_level(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click('#kb-now [data-act="level"]:has-text("Simpler")')
    expect(watched.page.locator("#kb-now .kb-foot")).to_contain_text("Beginner")
    expect(watched.page.locator("#kb-log .kb-turn")).to_have_count(1)


def test_the_level_that_was_picked_is_kept_for_the_next_visit(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.page.check('#kb-level input[value="expert"]')
    watched.page.wait_for_function("localStorage.getItem('kb.level')")
    watched.page.reload()
    watched.page.wait_for_selector("body.kb-ready")
    expect(watched.page.locator('#kb-level input[value="expert"]')).to_be_checked()


def test_what_the_sources_do_not_say_is_said_with_the_nearest_passages(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask("Who won the football match in Lisbon yesterday evening?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("do not say")
    watched.page.locator('#kb-now [data-act="near"]').first.click()
    expect(watched.page.locator("#kb-card h3")).to_have_text("Pipeline parallelism")


def test_a_filter_keeps_the_search_to_one_source(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE, "other.md": "# Other\n\nThe bubble of soap floats over the lake.\n"})
    watched.page.click("#kb-filters button")
    source = watched.page.get_by_label("One source")
    source.fill("Other")
    source.press("Enter")
    watched.ask("What is the bubble of soap?")
    titles = watched.page.locator("#kb-now .kb-source .kb-title").all_inner_texts()
    assert set(titles) == {"Other"}


def test_a_title_that_is_none_is_said_in_the_turn(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.page.click("#kb-filters button")
    source = watched.page.get_by_label("One source")
    source.fill("No such source")
    source.press("Enter")
    watched.page.fill("#kb-question textarea", QUESTION)
    watched.page.click("#kb-ask")
    expect(watched.page.locator("#kb-now .kb-failed")).to_contain_text("No source is called “No such source”")


def test_an_offered_filter_asks_again_with_it(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE, "workshop.txt": TALK})
    watched.ask("What does sparse attention read in the talks?")
    watched.page.locator('#kb-now [data-act="offer"]').first.click()
    expect(watched.page.locator("#kb-log .kb-turn")).to_have_count(1)
    expect(watched.page.locator("#kb-now .kb-source").first).to_contain_text("transcript")


def test_the_way_to_an_answer_can_be_looked_at(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click("#kb-now .kb-trace summary")
    expect(watched.page.locator("#kb-now .kb-trace table")).to_contain_text("Pipeline parallelism")


def test_a_follow_up_says_how_it_was_understood(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.ask("What makes it smaller?")
    expect(watched.page.locator("#kb-now .kb-understood")).to_contain_text("pipeline bubble")


def test_an_answer_is_copied_with_its_citations(opening: Callable[..., Watched], library: Library, notes: Path,
                                               serving: Callable[..., Server]) -> None:  # fmt: skip
    (notes / "bubble.md").write_text(BUBBLE)
    library.ingest([notes])
    watched = opening(permissions=["clipboard-read", "clipboard-write"])
    watched.open(serving().url)
    watched.ask(QUESTION)
    watched.page.click('#kb-now [data-act="copy"]')
    expect(watched.page.locator("#kb-say")).to_have_text("Copied.")
    copied = watched.page.evaluate("navigator.clipboard.readText()")
    assert "[1] Pipeline parallelism, line 9" in copied
    assert "“The pipeline bubble is the time" in copied


def test_a_chat_comes_back_when_the_page_is_opened_again(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.reload()
    watched.page.wait_for_selector("body.kb-ready")
    expect(watched.page.locator("#kb-log .kb-asked")).to_have_text(QUESTION)
    watched.ask("What makes it smaller?")
    expect(watched.page.locator("#kb-now .kb-understood")).to_contain_text("pipeline bubble")
    watched.page.locator("#kb-log .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark")).to_contain_text("The pipeline bubble is the time")


def test_a_kept_chat_can_be_opened_and_deleted(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click(".kb-history summary")
    watched.page.click('[data-act="new-chat"]')
    expect(watched.page.locator("#kb-log .kb-turn")).to_have_count(0)
    watched.page.click(f'#kb-chats button:has-text("{QUESTION}")')
    expect(watched.page.locator("#kb-log .kb-asked")).to_have_text(QUESTION)
    watched.page.click('#kb-chats button:has-text("Delete")')
    expect(watched.page.locator("#kb-chats li")).to_have_count(0)
    assert watched.page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('kb.chat.')).length") == 0


def test_a_chat_is_saved_as_json_and_as_markdown(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click(".kb-history summary")
    with watched.page.expect_download() as saved:
        watched.page.click('[data-act="save-chat"][data-form="json"]')
    turns = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert [turn["question"] for turn in turns] == [QUESTION]
    with watched.page.expect_download() as saved:
        watched.page.click('[data-act="save-chat"][data-form="markdown"]')
    assert f"## {QUESTION}" in saved.value.path().read_text(encoding="utf-8")


def test_people_do_not_see_each_others_chats(tutor: Tutor, opening: Callable[..., Watched]) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    other = opening()
    other.open(watched.page.url)
    other.ask("What makes it smaller?")
    expect(other.page.locator(".kb-understood")).to_have_count(0)
    expect(other.page.locator(".kb-asked")).to_have_text(["What makes it smaller?"])


def test_two_tabs_have_chats_of_their_own(tutor: Tutor, opening: Callable[..., Watched]) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    second = opening(watched.page.context)
    second.open(watched.page.url)
    expect(second.page.locator(".kb-turn")).to_have_count(0)
    second.ask("What does gradient checkpointing cost?")
    watched.ask("What makes it smaller?")
    expect(watched.page.locator("#kb-log .kb-asked, #kb-now .kb-turn:not([hidden]) .kb-asked")).to_have_text(
        [QUESTION, "What makes it smaller?"]
    )
    assert watched.page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('kb.chat.')).length") == 2


def test_back_goes_to_the_tab_before_and_keeps_the_chat(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.tab("Digest")
    watched.page.wait_for_url("**/#digest")
    watched.tab("Library")
    watched.page.wait_for_url("**/#library")
    watched.page.go_back()
    expect(watched.page.locator('[role="tab"][aria-selected="true"]')).to_have_text("Digest")
    watched.page.go_back()
    expect(watched.page.locator("#kb-now .kb-asked")).to_have_text(QUESTION)


def test_a_source_that_is_removed_while_its_answer_stands_says_so(tutor: Tutor, library: Library) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark")).to_be_visible()
    library.remove([library.sources()[0].document_id or ""])
    watched.page.locator("#kb-now .kb-source").first.click()
    expect(watched.page.locator("#kb-card")).to_contain_text("was taken out of the knowledge base since")
    expect(watched.page.locator("#kb-card")).to_contain_text("The pipeline bubble is the time")
    watched.ask(QUESTION)
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("do not say")


@pytest.fixture
def written(home: Path, notes: Path, embedder: object) -> Callable[..., Library]:
    """A library that a scripted model writes for."""

    def made(model: ScriptedLlm) -> Library:
        (notes / "bubble.md").write_text(BUBBLE)
        library = kb.open(home, embedder=embedder, llm_url=model.url + "/v1", llm_model="scripted")  # type: ignore[arg-type]
        library.ingest([notes])
        return library

    return made


LINE = "The pipeline bubble is the time in which stages wait for their first micro-batch [1]."


def test_a_written_answer_is_seen_while_it_is_written(
    written: Callable[..., Library], serving: Callable[..., Server], watched: Watched
) -> None:
    with ScriptedLlm(lambda _: ScriptedReply(LINE, size=6)) as model, written(model) as library:
        watched.open(serving(library).url)
        watched.page.evaluate(
            "() => { window.seen = []; new MutationObserver(() => { const t = document.querySelector('#kb-now')"
            "?.textContent; if (t && seen.at(-1) !== t) seen.push(t); })"
            ".observe(document.querySelector('#kb-now'), {subtree: true, childList: true, characterData: true}); }"
        )
        watched.ask(QUESTION)
        seen = watched.page.evaluate("window.seen")
        assert any("Looking in" in one for one in seen)
        expect(watched.page.locator("#kb-now .kb-foot")).to_contain_text("written by scripted")


def test_an_answer_can_be_stopped(
    written: Callable[..., Library], serving: Callable[..., Server], watched: Watched
) -> None:
    slow = ScriptedReply(LINE * 40, size=4, delay=6)
    with ScriptedLlm(lambda _: slow) as model, written(model) as library:
        watched.open(serving(library).url)
        watched.page.fill("#kb-question textarea", QUESTION)
        watched.page.click("#kb-ask")
        watched.page.wait_for_selector("#kb-now .kb-wait")
        watched.page.click("#kb-stop")
        expect(watched.page.locator("#kb-now .kb-stopped")).to_have_text("Stopped.")
        expect(watched.page.locator("#kb-ask")).to_be_visible()


def test_a_model_that_is_gone_is_named_and_the_answer_quoted(
    home: Path, notes: Path, embedder: object, serving: Callable[..., Server], watched: Watched
) -> None:
    (notes / "bubble.md").write_text(BUBBLE)
    with kb.open(home, embedder=embedder, llm_url="http://127.0.0.1:9/v1", llm_model="gone") as library:  # type: ignore[arg-type]
        library.ingest([notes])
        watched.open(serving(library).url)
        watched.ask(QUESTION)
        expect(watched.page.locator("#kb-now .kb-notice")).to_contain_text("quoted from your sources instead")
        expect(watched.page.locator("#kb-now .kb-cite").first).to_be_visible()


def test_a_new_chat_remembers_nothing_of_the_one_before(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click(".kb-history summary")
    watched.page.click('[data-act="new-chat"]')
    watched.ask("What makes it smaller?")
    expect(watched.page.locator(".kb-understood")).to_have_count(0)


def test_a_chat_that_was_deleted_does_not_come_back(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    watched.ask(QUESTION)
    watched.page.click(".kb-history summary")
    for _ in range(2):
        watched.page.click('[data-act="new-chat"]')
    expect(watched.page.locator("#kb-chats li")).to_have_count(1)
    watched.page.click('#kb-chats button:has-text("Delete")')
    watched.page.click('[data-act="new-chat"]')
    expect(watched.page.locator("#kb-chats li")).to_have_count(0)


def test_an_older_turn_is_told_again_as_it_was_understood_then(tutor: Tutor) -> None:
    watched = tutor({"bubble.md": BUBBLE})
    for question in (QUESTION, "What makes it smaller?", "What does gradient checkpointing cost?"):
        watched.ask(question)
    watched.page.locator('#kb-log .kb-turn [data-act="level"]:has-text("Deeper")').nth(1).click()
    watched.page.wait_for_selector("body:not(.kb-busy)")
    expect(watched.page.locator("#kb-now .kb-asked")).to_contain_text("pipeline bubble smaller?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("More micro-batches")


def test_one_answer_comes_at_a_time(
    written: Callable[..., Library], serving: Callable[..., Server], watched: Watched
) -> None:
    script = iter([ScriptedReply(LINE), ScriptedReply(LINE * 20, size=4, delay=5)])
    with ScriptedLlm(lambda _: next(script, ScriptedReply(LINE))) as model, written(model) as library:
        watched.open(serving(library).url)
        watched.ask(QUESTION)
        watched.page.fill("#kb-question textarea", "What does gradient checkpointing cost?")
        watched.page.click("#kb-ask")
        watched.page.wait_for_selector("#kb-now .kb-wait")
        watched.page.click('#kb-log [data-act="level"] >> nth=0')
        expect(watched.page.locator("#kb-say")).to_contain_text("stop it first")
        watched.page.click("#kb-stop")


def test_sources_of_one_title_can_be_told_apart(tutor: Tutor) -> None:
    note = "# README\n\nThe bubble of {} is the time in which stages wait for a micro-batch.\n"
    watched = tutor({"one/README.md": note.format("soap"), "two/README.md": note.format("steel")})
    watched.page.click("#kb-filters button")
    watched.page.get_by_label("One source").click()
    watched.page.locator('[role="option"]', has_text="two/README.md").click()
    watched.ask("What is the bubble?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("steel")
    expect(watched.page.locator("#kb-now .kb-claims")).not_to_contain_text("soap")


def test_a_quote_with_marks_of_direction_is_found_again(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# Bubble\n\nThe pipeline\u200e bubble is the \u200ftime in which stages wait.\n"})
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark")).to_contain_text("time in which stages wait")
    expect(watched.page.locator("#kb-card")).not_to_contain_text("changed since")
