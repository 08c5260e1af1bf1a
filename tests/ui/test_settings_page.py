"""Settings in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

import kb
from kb.library import Library
from tests.ui.conftest import Server, Watched

Tutor = Callable[..., Watched]


def test_settings_say_which_model_answers_and_how_to_have_one(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# A\n\nA note.\n"})
    watched.tab("Settings")
    expect(watched.page.locator("#kb-settings")).to_contain_text("None is set: answers are quoted")
    expect(watched.page.locator("#kb-settings")).to_contain_text("KB_LLM_URL")
    expect(watched.page.locator("#kb-settings")).to_contain_text("all-MiniLM-L6-v2")


def test_a_model_is_named_and_its_key_is_never_shown(
    library: Library, home: object, embedder: object, serving: Callable[..., Server], watched: Watched
) -> None:
    settings = {"llm_url": "http://127.0.0.1:9/v1", "llm_model": "some-model", "llm_key": "sk-secret-key"}
    with kb.open(library.home, embedder=embedder, **settings) as other:  # type: ignore[arg-type]
        watched.open(serving(other).url)
        watched.tab("Settings")
        expect(watched.page.locator("#kb-settings")).to_contain_text("some-model at http://127.0.0.1:9/v1")
        watched.page.click("#kb-check")
        expect(watched.page.locator("#kb-findings")).to_contain_text("language model", timeout=60_000)
        assert "sk-secret-key" not in watched.page.content()


def test_everything_is_checked_on_a_click(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# A\n\nA note.\n"})
    watched.tab("Settings")
    watched.page.click("#kb-check")
    expect(watched.page.locator("#kb-findings")).to_contain_text("every passage has its own", timeout=60_000)


def test_dark_is_kept_for_the_next_visit(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# A\n\nA note.\n"})
    watched.tab("Settings")
    watched.page.click('[data-act="theme"][data-theme="dark"]')
    expect(watched.page.locator("body.dark")).to_have_count(1)
    watched.page.reload()
    watched.page.wait_for_selector("body.kb-ready")
    expect(watched.page.locator("body.dark")).to_have_count(1)
