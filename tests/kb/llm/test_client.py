"""The language model's client against a scripted server: what is asked, and every way in which a server fails."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from kb import config
from kb.errors import LlmError
from kb.llm import client
from kb.llm.client import Message, OpenAiCompatible
from kb.llm.scripted_server import Script, ScriptedLlm, ScriptedReply

ASK = [Message("system", "Be short."), Message("user", "What is the bubble?")]


def a_model(server: ScriptedLlm, timeout: float = 5.0) -> OpenAiCompatible:
    return OpenAiCompatible(server.url, "scripted", "none", 4096, timeout, wait=lambda _: None)


def failure(script: Script, timeout: float = 5.0) -> str:
    with ScriptedLlm(script) as server, pytest.raises(LlmError) as caught:
        a_model(server, timeout).write(ASK)
    return str(caught.value)


def test_an_answer_is_what_the_model_wrote() -> None:
    with ScriptedLlm(["It is waiting time [1]."]) as server:
        assert a_model(server).write(ASK) == "It is waiting time [1]."
        assert [turn["role"] for turn in server.asked[0]] == ["system", "user"]


def test_an_answer_comes_in_parts() -> None:
    with ScriptedLlm([ScriptedReply("one two three four", size=4)]) as server:
        parts = list(a_model(server).stream(ASK))
    assert len(parts) == 5
    assert "".join(parts) == "one two three four"


def test_what_the_model_thought_aloud_is_no_answer() -> None:
    with ScriptedLlm(["<think>hm, hm</think>It is waiting time."]) as server:
        assert a_model(server).write(ASK) == "It is waiting time."


@pytest.mark.parametrize(
    "passing",
    [ScriptedReply(status=429), ScriptedReply(status=503), ScriptedReply(""), ScriptedReply("cut", drop_after=0)],
)
def test_what_passes_is_tried_again(passing: ScriptedReply) -> None:
    with ScriptedLlm([passing, "At last."]) as server:
        assert a_model(server).write(ASK) == "At last."


def test_what_does_not_pass_is_tried_once() -> None:
    with ScriptedLlm([ScriptedReply("no such model", 404), "never asked"]) as server:
        with pytest.raises(LlmError, match="no such model"):
            a_model(server).write(ASK)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([ScriptedReply(status=429)] * 3, "more slowly"),
        ([ScriptedReply("")] * 3, "answered nothing"),
        ([ScriptedReply("bad", 400)], "status 400: bad"),
        ([ScriptedReply("x" * 100_000, size=5000)], "does not stop writing"),
        ([ScriptedReply(raw="<html>a proxy's page</html>")] * 3, ""),
    ],
)
def test_a_failure_is_one_plain_line(script: list[ScriptedReply], words: str) -> None:
    said = failure(script)
    assert words in said
    assert "\n" not in said


def test_a_slow_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_TRIES", 1)
    assert "within 0.3 seconds" in failure([ScriptedReply("late", delay=1.5)], timeout=0.3)


def test_a_server_that_is_down_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_TRIES", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = OpenAiCompatible(f"http://127.0.0.1:{port}/v1", "m", "k", 4096, 5.0)
    with pytest.raises(LlmError, match="cannot be reached"):
        model.write(ASK)


def test_without_settings_there_is_no_model(tmp_path: Path) -> None:
    assert client.open_llm(config.load(tmp_path)) is None


def test_a_key_is_never_printed(tmp_path: Path) -> None:
    settings = config.load(tmp_path, llm_key="sk-secret", llm_url="http://127.0.0.1:1/v1", llm_model="m")
    assert "sk-secret" not in repr(settings)
    assert "sk-secret" not in json.dumps(settings.model_dump(mode="json"))


def test_every_setting_has_a_variable_and_there_are_not_too_many() -> None:
    assert len(config.Config.model_fields) <= 25
