"""The commands as a person types them: text, JSON, exit codes, one plain line for an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kb.cli.__main__ import run
from tests.builders import A_TALK, AN_OUTLINE, write

HIT = {
    "type": "object",
    "required": [
        *("rank", "score", "chunk_id", "document_id", "kind", "title", "uri", "locator", "link", "start_char"),
        *("end_char", "text", "derived"),
    ],
}
SEARCH = {
    "type": "object",
    "required": ["id", "query", "hits", "ms"],
    "properties": {"hits": {"type": "array", "items": HIT}},
}
ASK = {
    "type": "object",
    "required": [
        *("id", "question", "level", "answer", "abstained", "confidence", "answerer", "claims", "citations"),
        *("nearest", "ms"),
    ],
    "properties": {
        "claims": {"items": {"required": ["text", "citations", "supported", "why"]}},
        "citations": {
            "items": {
                "required": [
                    *("n", "document_id", "chunk_id", "kind", "title", "uri", "locator", "link", "quote"),
                    *("start_char", "end_char"),
                ]
            }
        },
        "nearest": {"items": HIT},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
INGEST = {
    "type": "object",
    "required": [
        *("added", "updated", "unchanged", "removed", "skipped", "failed", "chunks", "embedded", "seconds"),
    ],
    "properties": {
        "skipped": {"items": {"required": ["uri", "reason"]}},
        "failed": {"items": {"required": ["uri", "error"]}},
    },
}
SOURCES = {
    "type": "object",
    "required": ["sources"],
    "properties": {
        "sources": {"items": {"required": ["document_id", "uri", "kind", "title", "state", "chunks", "error"]}}
    },
}


@pytest.fixture
def filled(home: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write(notes, serving=AN_OUTLINE)
    (notes / "talk.txt").write_text(A_TALK)
    assert run(["ingest", str(notes)]) == 0
    capsys.readouterr()
    return notes


def printed(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_ingest_ends_with_one_summary_line(home: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(notes, a=AN_OUTLINE)
    (notes / "b.md").write_bytes(b"")
    assert run(["ingest", str(notes), str(notes / "none.md")]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("added 1 updated 0 unchanged 0 removed 0 skipped 1 failed 1 (kb status) in ")
    assert captured.out.count("\n") == 1
    assert "none.md: there is no such file or folder" in captured.err


def test_ingest_json_keeps_its_contract(home: Path, notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(notes, a=AN_OUTLINE)
    assert run(["ingest", str(notes), "--json"]) == 0
    jsonschema.validate(printed(capsys), INGEST)


def test_search_json_keeps_its_contract(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "pipeline bubble", "--json", "-k", "2"]) == 0
    out = printed(capsys)
    jsonschema.validate(out, SEARCH)
    assert [hit["rank"] for hit in out["hits"]] == [1, 2]


def test_ask_json_keeps_its_contract(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "What is the pipeline bubble?", "--level", "beginner", "--json"]) == 0
    out = printed(capsys)
    jsonschema.validate(out, ASK)
    assert out["level"] == "beginner"
    assert not out["abstained"]


def test_ask_prints_title_place_words_and_link_of_each_source(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "What is the pipeline bubble?"]) == 0
    out = capsys.readouterr().out
    assert "[1] " in out
    assert "talk · transcript · 0:04" in out
    assert "“The pipeline bubble is the time in which cards wait for work." in out
    assert "/talk.txt#L2" in out


def test_sources_list_keeps_its_contract(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (filled / "empty.md").write_bytes(b"")
    run(["ingest", str(filled / "empty.md")])
    capsys.readouterr()
    assert run(["sources", "list", "--json"]) == 0
    out = printed(capsys)
    jsonschema.validate(out, SOURCES)
    assert {row["state"] for row in out["sources"]} == {"ok", "failed"}


def test_sources_show_gives_the_text_as_it_is_kept(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["sources", "list", "--json"])
    row = next(r for r in printed(capsys)["sources"] if r["title"] == "talk")
    assert run(["sources", "show", row["document_id"], "--text"]) == 0
    assert capsys.readouterr().out == A_TALK


def test_sources_show_tells_what_was_left_out_as_a_loop(
    home: Path, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cues = "".join(f"[00:{n:02d}.000 --> 00:{n + 1:02d}.000] Okay.\n" for n in range(1, 31))
    (notes / "t.txt").write_text("[00:00.000 --> 00:01.000] We begin.\n" + cues)
    run(["ingest", str(notes)])
    capsys.readouterr()
    run(["sources", "list", "--json"])
    row = printed(capsys)["sources"][0]
    assert run(["sources", "show", row["document_id"]]) == 0
    assert "line 3: “Okay.” 30 times, searched once" in capsys.readouterr().out


def test_sources_remove_names_what_went(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["sources", "list", "--json"])
    row = printed(capsys)["sources"][0]
    assert run(["sources", "remove", row["document_id"]]) == 0
    assert "removed" in capsys.readouterr().out


def test_open_says_where_a_passage_is(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["search", "pipeline bubble", "--json"])
    hit = printed(capsys)["hits"][0]
    assert run(["open", hit["chunk_id"], "--json"]) == 0
    assert printed(capsys)["link"] == hit["link"]


def test_status_says_what_is_there(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 0
    out = capsys.readouterr().out
    assert "documents  2 (1 note, 1 transcript)" in out
    assert "all-MiniLM-L6-v2" in out


def test_status_of_an_empty_base_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 0
    assert "kb ingest" in capsys.readouterr().out


def test_search_in_an_empty_base_is_no_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "x"]) == 0
    assert "No hits" in capsys.readouterr().out


def test_a_trace_is_printed_when_asked(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "bubble", "--trace", "-k", "1"]) == 0
    out = capsys.readouterr().out
    assert "BM25 (rank)" in out
    assert "below the first 1" in out


def test_a_batch_gives_a_line_for_each_line_and_names_the_bad_ones(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ['{"id": 1, "query": "bubble"}', "not json", '{"id": "x"}', "", "[" * 100_000]
    lines += ['{"id": "\\ud800", "query": "cards \\ud800"}']
    (tmp_path / "q.jsonl").write_text("\n".join(lines))
    assert run(["search", "--batch", str(tmp_path / "q.jsonl"), "-k", "1"]) == 1
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in out] == [1, None, "x", None, "?"]
    assert ["error" in row for row in out] == [False, True, True, True, False]
    jsonschema.validate(out[0], SEARCH)


def test_a_batch_of_questions_takes_a_level_for_each(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": "a", "question": "What is the pipeline bubble?", "level": "eli5"},
        {"id": "b", "question": "What is the pipeline bubble?", "level": "genius"},
        {"id": "c", "question": ""},
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert run(["ask", "--batch", str(tmp_path / "q.jsonl")]) == 1
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    jsonschema.validate(out[0], ASK)
    assert out[0]["level"] == "eli5"
    assert "genius" in out[1]["error"]
    assert "empty" in out[2]["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", "x", "--level", "genius"], 2, "There is no level 'genius'"),
        (["search", "x", "--kind", "novel"], 2, "There is no kind 'novel'"),
        (["search", "x", "--since", "soon"], 2, "'soon' is no date"),
        (["search"], 2, "QUERY is missing"),
        (["search", "x", "-k", "0"], 2, "-k must be 1 or more"),
        (["ask", "x", "-k", "0"], 2, "-k must be 1 or more"),
        (["ingest"], 2, "SOURCE is missing"),
        (["status", "--home", "~nosuchuser/x"], 2, "no such user"),
        (["search", "--batch", "/no/such/file"], 2, "cannot be read"),
        (["sources", "show", "zzz"], 2, "No source or passage has the id 'zzz'"),
        (["nonsense"], 2, "No such command"),
        (["ask", "x", "--home", "/dev/null"], 3, "is a file, not a folder"),
        (["ingest", "x", "--home", "/proc/nowhere"], 3, "cannot be made"),
    ],
)
def test_an_error_is_one_plain_line_with_its_exit_code(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_wrong_setting_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_THREADS", "many")
    assert run(["status"]) == 2
    assert "KB_THREADS" in capsys.readouterr().err


def test_a_settings_file_in_the_home_is_read_below_variables(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "config.toml").write_text('level = "eli5"\n')
    assert run(["ask", "x", "--json"]) == 0
    assert printed(capsys)["level"] == "eli5"
    monkeypatch.setenv("KB_LEVEL", "expert")
    assert run(["ask", "x", "--json"]) == 0
    assert printed(capsys)["level"] == "expert"


def test_a_question_can_come_from_standard_input(filled: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kb.cli", "ask", "-", "--json"],
        input="What is the pipeline bubble?\n",
        capture_output=True,
        encoding="utf-8",
        env=os.environ,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert not json.loads(done.stdout)["abstained"]


def test_a_note_can_be_piped_in(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "kb.cli", "ingest", "-"]
    for added, unchanged in ((1, 0), (0, 1)):
        done = subprocess.run(command, input=AN_OUTLINE, capture_output=True, encoding="utf-8", timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"added {added} updated 0 unchanged {unchanged} ")
    assert run(["search", "pipeline bubble", "--json"]) == 0
    assert printed(capsys)["hits"][0]["title"] == "Serving"


def test_control_characters_of_a_source_never_reach_the_terminal(
    home: Path, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(notes, a="# Zebra \x1b[31mred\n\nThe zebra \x1b]0;owned\x07 is striped. [link=x]\n")
    run(["ingest", str(notes)])
    run(["search", "zebra"])
    assert "\x1b" not in capsys.readouterr().out


def test_the_demo_answers_with_numbered_citations(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo"]) == 0
    out = capsys.readouterr().out
    assert "added 7 " in out
    assert "[1] " in out
    assert "[2] " in out
    assert not home.exists()
