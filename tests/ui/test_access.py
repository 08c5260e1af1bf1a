"""Pages as people with other eyes, hands and screens meet them: axe-core's rules, by light, by dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from kb.library import Library
from tests.ui.conftest import Server, Watched
from tests.ui.test_chat_page import BUBBLE, QUESTION
from tests.ui.test_digest_page import DIGEST

TABS = ("Chat", "Quiz", "Digest", "Library", "Settings")
SCREENS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


def serious(watched: Watched) -> list[str]:
    """What axe-core finds that is serious or critical: rule, and the elements."""
    found = Axe().run(watched.page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} ({(node.get('failureSummary') or '')[:200]})"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.fixture
def filled(library: Library, notes: object, tmp_path: object, serving: Callable[..., Server]) -> str:
    folder = notes
    (folder / "bubble.md").write_text(BUBBLE)  # type: ignore[operator]
    (folder / "links.md").write_text(DIGEST)  # type: ignore[operator]
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")  # type: ignore[operator]
    library.ingest([folder])  # type: ignore[list-item]
    return serving().url


@pytest.mark.parametrize("screen", SCREENS)
def test_no_tab_has_a_serious_finding(opening: Callable[..., Watched], filled: str, screen: str) -> None:
    watched = opening(**SCREENS[screen])
    watched.open(filled)
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card")).to_be_visible()
    found = {}
    for tab in TABS:
        watched.tab(tab)
        if tab == "Quiz":
            watched.page.keyboard.press("Escape")
            watched.page.click("#kb-start-quiz")
            watched.page.wait_for_selector("#kb-quiz .kb-quiz")
        if tab == "Digest":
            watched.page.check('#kb-show input[value="unread"]')
            watched.page.wait_for_selector(".kb-link")
        watched.page.wait_for_timeout(400)
        if problems := serious(watched):
            found[tab] = problems
    assert found == {}


def test_an_empty_base_has_no_serious_finding(opening: Callable[..., Watched], serving: Callable[..., Server]) -> None:
    watched = opening()
    watched.open(serving().url)
    assert serious(watched) == []


@pytest.mark.parametrize("screen", SCREENS)
def test_no_tab_is_wider_than_the_screen(opening: Callable[..., Watched], filled: str, screen: str) -> None:
    watched = opening(**SCREENS[screen])
    watched.open(filled)
    watched.ask(QUESTION)
    watched.page.click("#kb-now .kb-trace summary")
    for tab in TABS:
        watched.tab(tab)
        watched.page.wait_for_timeout(300)
        wider = watched.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, (tab, wider)


def test_on_a_phone_the_source_comes_over_the_answer_and_goes_again(
    opening: Callable[..., Watched], filled: str
) -> None:
    watched = opening(**SCREENS["phone"])
    watched.open(filled)
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.tap()
    box = watched.page.locator("#kb-card").bounding_box()
    assert box is not None
    assert box["width"] >= 380
    assert box["y"] + box["height"] >= 840
    watched.page.locator(".kb-close").tap()
    expect(watched.page.locator("#kb-card")).to_be_hidden()
