"""`kb ui` as a program of its own: it starts, is stopped, is killed in the middle of an answer, and comes again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm, ScriptedReply
from tests.ui.conftest import Watched
from tests.ui.test_chat_page import BUBBLE, LINE, QUESTION


@pytest.fixture
def started(library: Library, notes: Path) -> Iterator[Callable[..., Any]]:
    """Starts `kb ui` over a home with one note; gives the process and its address."""
    (notes / "bubble.md").write_text(BUBBLE)
    library.ingest([notes])
    running: list[subprocess.Popen[str]] = []

    def start(*flags: str, **variables: str) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "kb.cli", "ui", "--home", str(library.home), "--json", *flags]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables}
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        return process, json.loads(line)["url"]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_what_is_announced_answers(started: Callable[..., Any]) -> None:
    _, url = started("--port", "0")
    assert httpx.get(url).status_code == 200


def test_ctrl_c_ends_it_with_130_and_one_line_while_a_page_is_open(
    started: Callable[..., Any], watched: Watched
) -> None:
    process, url = started("--port", "0")
    watched.open(url)
    watched.ask(QUESTION)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert process.stderr.read().strip() == "kb: stopped; everything acknowledged so far is kept."


def test_the_next_free_port_is_taken_where_none_is_named(started: Callable[..., Any]) -> None:
    _, first = started()
    _, second = started()
    assert first != second
    assert httpx.get(second).status_code == 200


def test_it_reports_nothing_anywhere(started: Callable[..., Any]) -> None:
    """No analytics, no version check: the only connections of the process are those of its own page."""
    import psutil

    process, url = started("--port", "0")
    httpx.get(url)
    time.sleep(1.5)
    outside = [
        c.raddr
        for c in psutil.Process(process.pid).net_connections("inet")
        if c.raddr and c.raddr.ip not in ("127.0.0.1", "::1")
    ]
    assert outside == []


def test_a_server_that_is_killed_in_mid_answer_is_told_and_the_chat_goes_on_with_the_next(
    started: Callable[..., Any], watched: Watched
) -> None:
    script = iter([ScriptedReply(LINE, size=8), ScriptedReply(LINE * 40, size=4, delay=8)])
    with ScriptedLlm(lambda _: next(script, ScriptedReply(LINE))) as model:
        set_to = {"KB_LLM_URL": model.url + "/v1", "KB_LLM_MODEL": "scripted"}
        process, url = started("--port", "0", **set_to)
        watched.open(url)
        watched.ask(QUESTION)
        watched.page.fill("#kb-question textarea", "What makes it smaller?")
        watched.page.click("#kb-ask")
        watched.page.wait_for_selector("#kb-now .kb-wait")
        process.kill()
        process.wait()
        expect(watched.page.locator("#kb-log .kb-asked")).to_have_text(QUESTION)
        watched.page.locator("#kb-log .kb-cite").first.click()
        expect(watched.page.locator("#kb-say")).to_contain_text("does not answer")
        expect(watched.page.locator("#kb-now .kb-stopped")).to_contain_text("does not answer")
        expect(watched.page.locator("#kb-ask")).to_be_visible()
        started("--port", url.rsplit(":", 1)[1], **set_to)
        watched.page.reload()
        watched.page.wait_for_selector("body.kb-ready")
        expect(watched.page.locator("#kb-log .kb-asked")).to_have_text(QUESTION)
        watched.ask("What makes it smaller?")
        expect(watched.page.locator("#kb-now .kb-claims")).not_to_be_empty()


def test_a_page_whose_script_comes_late_works_all_the_same(started: Callable[..., Any], watched: Watched) -> None:
    """Gradio adds the script to a page that is there already; on a slow line the parts stand before it."""

    def late(route: Any) -> None:
        time.sleep(1.5)
        route.continue_()

    _, url = started("--port", "0")
    watched.page.route("**/kb/page.js", late)
    watched.open(url)
    watched.ask(QUESTION)
    watched.page.locator("#kb-now .kb-cite").first.click()
    expect(watched.page.locator("#kb-card mark")).to_be_visible()
