"""Words that would be scripts: in titles, notes, talk, posts, links, file names, tags and a model's answer.

`opening` fails a test whose page ran any of them (`window.pwned`, a dialog), or asked another machine for anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

import kb
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm, ScriptedReply
from tests.site import Page, Site
from tests.ui.conftest import Server, Watched

PAYLOADS = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg onload=window.pwned=1>",
    '"><img src=x onerror=window.pwned=1>',
    "'-(window.pwned=1)-'",
    "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "[click](javascript:window.pwned=1)",
    "![x](https://evil.example/pixel.png)",
    "<a href='javascript:window.pwned=1' autofocus onfocus=window.pwned=1>x</a>",
    "<details open ontoggle=window.pwned=1>",
    "${window.pwned=1}",
    "{{constructor.constructor('window.pwned=1')()}}",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<math><mtext><img src=https://evil.example/y.png onerror=window.pwned=1></mtext></math>",
    "&lt;img src=x onerror=window.pwned=1&gt;<video><source onerror=window.pwned=1></video>",
]
assert len(PAYLOADS) == 15
Tutor = Callable[..., Watched]


def a_note(n: int, payload: str) -> str:
    title = json.dumps(f"Gadget {n} {payload}")
    return (
        f"---\ntitle: {title}\ntags: [{json.dumps(payload)}]\nauthors: [{json.dumps(payload)}]\n---\n"
        f"# Gadget {n} {payload}\n\n"
        f"The gadget number {n} is a machine that turns {payload} into {n * 7} watts of light.\n"
    )


def seen_everywhere(watched: Watched) -> None:
    """Open every citation, the trace and every tab, so that all that a page can show has been shown."""
    page = watched.page
    for button in page.locator("#kb-now .kb-cite, #kb-now .kb-source").all()[:12]:
        button.click()
        page.wait_for_selector("#kb-card:not([hidden])")
        page.keyboard.press("Escape")
    page.locator("#kb-now .kb-trace summary").first.click()
    page.click("#kb-filters button")
    for label in ("Tags", "One source"):
        page.get_by_label(label, exact=True).click()
        page.wait_for_timeout(150)
        page.keyboard.press("Escape")
    for tab in ("Quiz", "Digest", "Library", "Settings", "Chat"):
        watched.tab(tab)
        page.wait_for_timeout(250)


@pytest.mark.parametrize("n", range(15))
def test_no_words_of_a_note_run(tutor: Tutor, n: int) -> None:
    payload = PAYLOADS[n]
    watched = tutor({f"gadget-{n}.md": a_note(n, payload)})
    watched.ask(f"What is the gadget number {n}?")
    expect(watched.page.locator("#kb-now .kb-source").first).to_contain_text(f"Gadget {n}")
    seen_everywhere(watched)
    watched.page.reload()
    watched.page.wait_for_selector("#kb-log .kb-turn")
    assert watched.nothing_ran()


def test_no_words_of_a_question_run(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# A\n\nA note of something.\n"})
    for payload in PAYLOADS:
        watched.ask(f"What is {payload}?")
    watched.page.click(".kb-history summary")
    watched.page.wait_for_timeout(300)
    assert watched.nothing_ran()


def test_no_words_of_talk_or_its_speakers_run(tutor: Tutor) -> None:
    lines = "".join(
        f"[{n}:00] Ann {payload}: The gadget of minute {n} is a machine that makes {payload} of water.\n"
        for n, payload in enumerate(PAYLOADS)
    )
    watched = tutor({"talk.txt": lines})
    watched.ask("What is the gadget of minute 3?")
    seen_everywhere(watched)
    assert watched.nothing_ran()


def test_no_words_of_posts_run(tutor: Tutor) -> None:
    posts = [
        {"no": 100000001 + n, "resto": 0 if n == 0 else 100000001, "time": 1760000000 + n, "sub": payload,
         "com": f"the gadget of post {n} is a machine that makes {payload} from water, anon"}
        for n, payload in enumerate(PAYLOADS)
    ]  # fmt: skip
    watched = tutor({"g/thread/100000001.json": json.dumps({"posts": posts})})
    watched.ask("What is the gadget of post 4?")
    seen_everywhere(watched)
    assert watched.nothing_ran()


def test_no_title_summary_or_address_of_a_link_runs(tutor: Tutor) -> None:
    entries = "".join(
        f"## Link {n} {payload}\nSummary: It is of {payload}.\n\nLink: https://example.org/{n}?q=%22%3E{n}\n\n"
        f"5/2/2026 #tag{n}\n\n"
        for n, payload in enumerate(PAYLOADS)
    )
    watched = tutor({"links.md": f"# Links\n\n{entries}"})
    watched.tab("Digest")
    watched.page.check('#kb-show input[value="unread"]')
    expect(watched.page.locator(".kb-link")).to_have_count(15)
    for row in watched.page.locator(".kb-link h3 a").all():
        assert (row.get_attribute("href") or "").startswith("https://example.org/")


def test_no_tag_that_a_person_gives_runs(tutor: Tutor) -> None:
    watched = tutor({"links.md": "# L\n\n## A link\nSummary: One.\n\nLink: https://example.org/1\n\n5/2/2026\n"})
    watched.tab("Digest")
    watched.page.check('#kb-show input[value="unread"]')
    row = watched.page.locator(".kb-link").first
    for payload in PAYLOADS[:6]:
        row.locator('[data-act="link-tag"]').click()
        row.locator(".kb-tag-form input").fill(payload)
        watched.page.keyboard.press("Enter")
        watched.page.wait_for_timeout(150)
    assert watched.nothing_ran()


def test_no_words_of_a_feed_run(tutor: Tutor, site: Site) -> None:
    from html import escape

    items = "".join(
        f"<item><title>{escape(p)}</title><link>https://example.org/{n}</link><guid>{n}</guid>"
        "<pubDate>Sun, 03 May 2026 08:00:00 GMT</pubDate>"
        f"<description>{escape(escape(p))} {escape(p)}</description></item>"
        for n, p in enumerate(PAYLOADS)
    )
    feed = (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{escape(PAYLOADS[1])}</title>{items}</channel></rss>'
    )
    site.pages["/feed.xml"] = Page(feed, "application/rss+xml")
    watched = tutor({"a.md": "# A\n\nA note of something.\n"})
    watched.tab("Digest")
    watched.page.click("#kb-feeds button")
    watched.page.get_by_label("Follow", exact=True).first.fill(f"{site.url}/feed.xml")
    watched.page.get_by_role("button", name="Follow", exact=True).click()
    expect(watched.page.locator("#kb-digest-told")).to_contain_text("Following", timeout=30_000)
    watched.page.click("#kb-make-digest")
    expect(watched.page.locator("#kb-digest-told")).to_contain_text("new links", timeout=60_000)
    watched.page.wait_for_timeout(300)


def test_no_name_of_a_file_runs(tutor: Tutor, tmp_path: Path) -> None:
    names = [
        "<img src=x onerror=window.pwned=1>.md",
        "'-(window.pwned=1)-'.md",
        "{{window.pwned=1}}.exe",
        "${pwned=1}.pdf",
    ]
    for name in names:
        (tmp_path / name).write_text("# Pipeline\n\nThe bubble is a time of waiting for the first micro-batch.\n")
    large = tmp_path / "<img src=x onerror=window.pwned=1>.mp4"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    watched = tutor()
    watched.tab("Library")
    watched.page.set_input_files("#kb-files input[type=file]", [str(tmp_path / name) for name in names])
    watched.page.wait_for_selector("#kb-files .file-preview")
    watched.page.click("#kb-add")
    expect(watched.page.locator("#kb-added")).to_contain_text("Done", timeout=30_000)
    expect(watched.page.locator("#kb-source-list .kb-entry").first).to_be_visible()
    watched.page.set_input_files("#kb-files input[type=file]", str(large))
    expect(watched.page.locator(".toast-wrap")).to_contain_text("exceed", timeout=30_000)


def test_no_words_of_a_model_run(
    home: Path, notes: Path, embedder: object, serving: Callable[..., Server], watched: Watched
) -> None:
    (notes / "a.md").write_text("# Bubble\n\nThe bubble is the time in which stages wait for a micro-batch.\n")
    said = " ".join(f"The bubble is the time of {payload} in which stages wait [1]." for payload in PAYLOADS)
    with ScriptedLlm(lambda _: ScriptedReply(said, size=9)) as model:
        settings = {"llm_url": model.url + "/v1", "llm_model": PAYLOADS[1]}
        with kb.open(home, embedder=embedder, **settings) as library:  # type: ignore[arg-type]
            library.ingest([notes])
            watched.open(serving(library).url)
            watched.ask("What is the bubble?", timeout=60_000)
            seen_everywhere(watched)
            assert watched.nothing_ran()


def test_what_a_browser_kept_runs_as_little(tutor: Tutor) -> None:
    """History lies in the browser, where other scripts of the same origin could have written it."""
    watched = tutor({"a.md": "# A\n\nA note of something.\n"})
    bad = PAYLOADS[1]
    turn = {
        "question": bad, "level": bad, "answer": bad, "abstained": False, "confidence": 1.0, "answerer": bad,
        "claims": [{"text": bad, "citations": [1], "supported": False, "why": bad, "quotes": []}],
        "citations": [{"n": 1, "document_id": bad, "chunk_id": bad, "kind": bad, "title": bad, "uri": bad,
                       "locator": {"type": "time", "start": 1.0, "end": 2.0, "speakers": [bad]},
                       "link": "javascript:window.pwned=1", "quote": bad, "start_char": 0, "end_char": 1}],
        "nearest": [], "searched": bad, "notes": [bad], "offers": [{"words": bad, "label": bad, "flags": [bad, bad]}],
    }  # fmt: skip
    kept = json.dumps({"when": 1, "title": bad, "turns": [turn]})
    watched.page.evaluate("([k, v]) => localStorage.setItem(k, v)", ["kb.chat.x", kept])
    watched.page.evaluate("sessionStorage.setItem('kb.chat', 'x')")
    watched.page.reload()
    watched.page.wait_for_selector("#kb-log .kb-cite")
    watched.page.locator("#kb-log .kb-cite").first.click()
    watched.page.wait_for_selector("#kb-card:not([hidden])")
    assert watched.nothing_ran()


def test_history_of_another_version_is_told_and_not_shown(tutor: Tutor) -> None:
    watched = tutor({"a.md": "# A\n\nA note of something.\n"})
    watched.page.evaluate('localStorage.setItem(\'kb.chat.x\', \'{"when":1,"title":"old","turns":[{"q":1}]}\')')
    watched.page.evaluate("sessionStorage.setItem('kb.chat', 'x')")
    watched.page.reload()
    expect(watched.page.locator("#kb-log")).to_contain_text("another version of kb")


def test_a_note_may_look_like_a_template(tutor: Tutor, library: Library) -> None:
    watched = tutor(
        {"a.md": "# Jinja\n\nA Jinja template is a text in which {{ name }} and ${HOME} and `x` are kept.\n"}
    )
    watched.ask("What is a Jinja template?")
    expect(watched.page.locator("#kb-now .kb-claims")).to_contain_text("{{ name }} and ${HOME} and `x`")
