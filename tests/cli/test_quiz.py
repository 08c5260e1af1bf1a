"""Quizzes, reviews and cards as a person types them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kb.cli.__main__ import run
from tests.builders import write
from tests.kb.quiz.test_generate import PLANTS

ITEMS = {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {
            "items": {
                "required": [
                    *("id", "type", "question", "options", "answer", "explanation", "quote", "document_id", "chunk_id"),
                    *("uri", "locator", "level"),
                ],
                "properties": {
                    "type": {
                        "enum": ["multiple_choice", "cloze", "true_false", "short_answer", "who_said", "when"],
                    },
                    "options": {"type": "array", "items": {"type": "string"}},
                },
            }
        }
    },
}


@pytest.fixture(autouse=True)
def _plants(home: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(notes, **PLANTS)
    run(["ingest", str(notes)])
    capsys.readouterr()


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == code
    row: dict[str, Any] = json.loads(capsys.readouterr().out)
    return row


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_quiz_is_json_as_agreed(capsys: pytest.CaptureFixture[str]) -> None:
    row = told(capsys, "quiz", "trees", "-n", "3", "--level", "beginner")
    jsonschema.validate(row, ITEMS)
    assert len(row["items"]) == 3
    for item in row["items"]:
        assert item["level"] == "beginner"
        if item["options"]:
            assert item["answer"] in item["options"]


def test_a_quiz_reads_an_answer_a_line_and_says_at_once_where_it_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "no idea")
    assert run(["quiz", "moss", "-n", "2"]) == 0
    out = capsys.readouterr().out
    assert "not so: " in out
    assert "comes back " in out
    assert "0 of 1 right." in out
    assert "1 kept for kb review." in out


def test_a_review_asks_what_is_due_and_can_be_answered_by_a_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = told(capsys, "quiz", "", "-n", "2")["items"]
    due = told(capsys, "review")
    assert {card["id"] for card in due["cards"]} == {item["id"] for item in items}
    row = told(capsys, "review", items[0]["id"], items[0]["answer"])
    assert (row["correct"], row["rating"], row["quote"]) == (True, "good", items[0]["quote"])
    typed(monkeypatch, items[1]["answer"])
    assert run(["review"]) == 0
    assert "1 of 1 right." in capsys.readouterr().out
    assert run(["review"]) == 0
    assert "Nothing is due." in capsys.readouterr().out
    assert told(capsys, "review", "--figures")["learnt"] == 2
    assert told(capsys, "review", "--undo")["undone"] == items[1]["id"]


def test_questions_on_an_answer_follow_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    row = told(capsys, "ask", "What is moss?", "--quiz")
    assert row["quiz"][0]["title"] == "Moss"
    typed(monkeypatch, "What is a fern?", "quiz me", "no idea")
    assert run(["chat"]) == 0
    assert "not so: " in capsys.readouterr().out


def test_cards_are_listed_exported_and_removed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    items = told(capsys, "quiz", "", "-n", "2")["items"]
    assert len(told(capsys, "cards", "list")["cards"]) == 2
    row = told(capsys, "cards", "export", "-o", str(tmp_path / "kb.apkg"))
    assert (row["cards"], (tmp_path / "kb.apkg").exists()) == (2, True)
    assert told(capsys, "cards", "export", "--to", "obsidian", "-o", str(tmp_path / "c.md"))["cards"] == 2
    assert told(capsys, "cards", "remove", items[0]["id"])["removed"] == [items[0]["id"]]
    assert run(["cards", "list"]) == 0
    assert items[1]["id"] in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["quiz", "x", "--level", "genius"],
        ["quiz", "x", "-n", "0"],
        ["review", "q1"],
        ["review", "--rate", "fine", "q1", "x"],
        ["review", "q1", "x"],
        ["review", "--undo"],
        ["cards", "remove"],
        ["cards", "export", "--to", "paper"],
    ],
)
def test_what_cannot_be_is_usage_in_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_quiz_that_is_not_to_come_back_leaves_no_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(told(capsys, "quiz", "", "-n", "2", "--no-cards")["items"]) == 2
    assert told(capsys, "cards", "list")["cards"] == []
