"""`kb ask`, `kb chat` and `kb check` as a person uses them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from kb.cli.__main__ import run
from kb.llm.scripted_server import ScriptedLlm
from tests.builders import A_TALK, AN_OUTLINE, write
from tests.scripts import in_json


@pytest.fixture
def filled(home: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write(notes, serving=AN_OUTLINE)
    (notes / "talk.txt").write_text(A_TALK)
    assert run(["ingest", str(notes)]) == 0
    capsys.readouterr()
    return notes


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_chat_understands_it_and_goes_simpler(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "What is the pipeline bubble?", "How do I make it smaller?", "simpler", "/quit")
    assert run(["chat"]) == 0
    out = capsys.readouterr().out
    assert "understood as: How do I make the pipeline bubble smaller?" in out
    assert "beginner · extractive" in out


def test_a_chat_speaks_json_lines(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "/level expert", "What is the pipeline bubble?", "And why?", "deeper", "/nonsense")
    assert run(["chat", "--json"]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("level") for row in rows] == ["expert", "expert", None, None]
    assert rows[1]["searched"] == "Why, about the pipeline bubble?"
    assert "deepest" in rows[2]["error"]
    assert "/help" in rows[3]["error"]


def test_an_offered_filter_is_taken_up(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "What is the pipeline bubble in my notes?", "/only 1", "/only 7")
    assert run(["chat", "--json"]) == 1
    first, only, wrong = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["offers"][0]["flags"] == ["--kind", "note"]
    assert {c["kind"] for c in only["citations"]} <= {"note"}
    assert "There is no offer" in wrong["error"]


def test_an_answer_by_a_model_says_how_many_statements_stand(
    filled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ("The pipeline bubble is the time that cards wait for work.", "cards wait for work", "cards wait for work")
    bad = ("It lasts 47 seconds.", "cards wait for work", "cards wait for work")
    with ScriptedLlm(in_json(good, bad)) as server:
        monkeypatch.setenv("KB_LLM_URL", server.url)
        monkeypatch.setenv("KB_LLM_MODEL", "scripted")
        assert run(["ask", "What is the pipeline bubble?"]) == 0
    out = capsys.readouterr().out
    assert "scripted · 1 of 2 statements supported" in out
    assert "not supported: 47 does not stand in [1]" in out


def test_a_text_is_checked_against_the_files_it_lists(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# Bubble\n\nThe bubble is the time in which cards wait for work.\n")
    (tmp_path / "t.txt").write_text(A_TALK)
    (tmp_path / "text.md").write_text(
        "The bubble is the time that cards wait [1]. With 47 cards it vanishes [1]. It gets smaller with more "
        "micro-batches [2]. Soap makes it [3].\n\n## Sources\n[1] a.md\n[2]: t.txt\n[3] gone.md\n"
    )
    assert run(["check", str(tmp_path / "text.md"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [row["supported"] for row in found["statements"]] == [True, False, True, False]
    assert found["supported"] == 2
    assert found["statements"][1]["faults"][0]["kind"] == "number"
    assert found["missing"][0]["n"] == 3


def test_a_text_is_checked_against_files_that_are_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("# Bubble\n\nThe bubble is the time in which cards wait for work.\n")
    (tmp_path / "text.md").write_text("The bubble is the time that cards wait [1].\n")
    assert run(["check", str(tmp_path / "text.md"), str(tmp_path / "a.md")]) == 0
    assert "1 of 1 statements supported" in capsys.readouterr().out


def test_words_may_be_given_as_the_source_themselves(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.md").write_text(
        "The bubble is the time that cards wait [1].\n\nSources:\n[1] “The bubble is the time in which cards wait.”\n",
        encoding="utf-8",
    )
    assert run(["check", str(tmp_path / "text.md")]) == 0
    assert "1 of 1" in capsys.readouterr().out


def test_an_answer_in_json_is_checked_against_the_knowledge_base(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", "What is the pipeline bubble?", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    (tmp_path / "answer.json").write_text(json.dumps(row), encoding="utf-8")
    assert run(["check", str(tmp_path / "answer.json")]) == 0
    capsys.readouterr()
    row["claims"][0]["text"] = "The bubble is named after Karpathy."
    (tmp_path / "answer.json").write_text(json.dumps(row), encoding="utf-8")
    assert run(["check", str(tmp_path / "answer.json")]) == 1
    assert "Karpathy does not stand in [1]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "no statement"), ("Only words, no list.", "No sources are given"), ("\x00\x01", "no statement")],
)
def test_a_text_that_cannot_be_checked_is_a_usage_error(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    (tmp_path / "text.md").write_text(content)
    assert run(["check", str(tmp_path / "text.md")]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_usage_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "nowhere.md"]) == 2
    assert "nowhere.md cannot be read" in capsys.readouterr().err


def test_footnotes_of_markdown_name_sources_too(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.md").write_text("# Bubble\n\nThe bubble is the time in which cards wait for work.\n")
    (tmp_path / "text.md").write_text("What is it?\n\nThe bubble is the time that cards wait[^1].\n\n[^1]: a.md\n")
    assert run(["check", str(tmp_path / "text.md")]) == 0
    assert "1 of 1 statements supported" in capsys.readouterr().out


def test_an_answer_as_it_is_printed_can_be_checked(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", "What is the pipeline bubble?"]) == 0
    (tmp_path / "answer.txt").write_text(capsys.readouterr().out, encoding="utf-8")
    assert run(["check", str(tmp_path / "answer.txt")]) == 0
    assert "0 of" not in capsys.readouterr().out
