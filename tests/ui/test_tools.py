"""The base as tools of the Model Context Protocol, by its own client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.server.fastmcp.exceptions import ToolError

from kb.library import Library
from tests.ui.conftest import Server
from ui import passwords
from ui.mcp import Tools

Serving = Callable[..., Server]
NOTE = "# Bubble\n\nThe pipeline bubble is the time in which stages wait for their first micro-batch.\n"


def with_client(url: str, work: Callable[[ClientSession], Any], auth: httpx.Auth | None = None) -> Any:
    async def run() -> Any:
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/", auth=auth) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await work(session)

    # In a thread of its own: Playwright leaves a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result(60)


def called(url: str, tool: str, **arguments: Any) -> Any:
    """What a tool gives, read from its JSON."""

    async def work(session: ClientSession) -> Any:
        result = await session.call_tool(tool, arguments)
        text = result.content[0].text  # type: ignore[union-attr]
        assert result.isError or result.structuredContent == json.loads(text)
        return text if result.isError else json.loads(text)

    return with_client(url, work)


def tools_of(url: str, auth: httpx.Auth | None = None) -> dict[str, Any]:
    async def work(session: ClientSession) -> Any:
        return {tool.name: tool for tool in (await session.list_tools()).tools}

    found: dict[str, Any] = with_client(url, work, auth)
    return found


@pytest.fixture
def bubble(library: Library, notes: Path) -> Library:
    (notes / "bubble.md").write_text(NOTE)
    library.ingest([notes])
    return library


def test_the_tools_are_read_only_unless_writing_is_asked_for(bubble: Library, serving: Serving) -> None:
    assert set(tools_of(serving(mcp=True).url)) == {"search", "ask", "digest"}


def test_writing_offers_ingest_too(bubble: Library, serving: Serving) -> None:
    assert set(tools_of(serving(mcp_write=True).url)) == {"search", "ask", "digest", "ingest"}


def test_each_tool_says_what_it_does_and_what_it_takes(bubble: Library, serving: Serving) -> None:
    for name, tool in tools_of(serving(mcp_write=True).url).items():
        assert len(tool.description) > 80, name
        for about in tool.inputSchema["properties"].values():
            assert about.get("description"), (name, about)


def test_what_only_reads_says_so(bubble: Library, serving: Serving) -> None:
    hints = {name: tool.annotations.readOnlyHint for name, tool in tools_of(serving(mcp_write=True).url).items()}
    assert hints == {"search": True, "ask": True, "digest": False, "ingest": False}


def test_the_tools_need_the_password_too(bubble: Library, serving: Serving, tmp_path: Path) -> None:
    passwords.add(tmp_path / "people", "ada", "correct horse")
    url = serving(mcp=True, auth=tmp_path / "people").url
    assert httpx.post(f"{url}/gradio_api/mcp/", json={}).status_code == 401
    assert set(tools_of(url, auth=httpx.BasicAuth("ada", "correct horse"))) == {"search", "ask", "digest"}


def test_search_gives_the_json_of_the_command(bubble: Library, serving: Serving) -> None:
    found = called(serving(mcp=True).url, "search", query="pipeline bubble", k=3)
    assert found["hits"][0]["title"] == "Bubble"
    assert found["hits"][0]["locator"]["type"] == "lines"


def test_ask_gives_an_answer_with_its_citations(bubble: Library, serving: Serving) -> None:
    found = called(serving(mcp=True).url, "ask", question="What is the pipeline bubble?", level="beginner")
    assert not found["abstained"]
    assert "stages wait" in found["citations"][0]["quote"]


def test_what_is_wrong_is_told_as_an_error(bubble: Library, serving: Serving) -> None:
    url = serving(mcp=True).url
    assert "The question is empty" in called(url, "ask", question=" ")
    assert "'tomorrow' is no date" in called(url, "search", query="x", since="tomorrow")
    assert "less than or equal to 50" in called(url, "search", query="x", k=51)


def test_the_read_only_digest_writes_nothing(bubble: Library, serving: Serving) -> None:
    assert called(serving(mcp=True).url, "digest") == {"date": None, "items": []}
    assert not (bubble.home / "digests").exists()


def test_ingest_adds_a_source(bubble: Library, serving: Serving, tmp_path: Path) -> None:
    file = tmp_path / "late.md"
    file.write_text("# Late\n\nA late note.\n")
    assert called(serving(mcp_write=True).url, "ingest", source=str(file))["added"] == 1
    assert len(bubble.sources()) == 2


def test_without_mcp_there_are_no_tools(bubble: Library, serving: Serving) -> None:
    assert httpx.get(f"{serving().url}/gradio_api/mcp/").status_code in (404, 405)


def test_over_the_network_no_file_of_the_server_can_be_named(bubble: Library, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n\nA secret.\n")
    tools = Tools(bubble, folders=False)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ToolError, match="is no address"):
        pool.submit(lambda: asyncio.run(tools.ingest(str(secret)))).result(30)
    assert len(bubble.sources()) == 1
