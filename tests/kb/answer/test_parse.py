"""A model's reply, in any form and cut anywhere: what it says, and what of it is shown as it comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.answer import parse
from kb.answer.parse import Reply, StreamingReply
from kb.answer.verify import Statement
from kb.text.sentences import split

KNOWN = {1, 2, 3}
ROWS = [
    {"text": "Cards wait.", "sources": [{"n": 3, "quote": "cards wait"}]},
    {"text": 'It "shrinks" then.', "sources": [{"n": 1, "quote": "shrinks"}, {"n": 2, "quote": "x"}]},
]
JSON = json.dumps({"statements": ROWS})
PROSE = 'Cards wait [3]. It "shrinks" then [1][2].\nQuotes:\n[3] "cards wait"\n[1] "shrinks"\n[2] "x"'
SAID = (
    Statement("Cards wait.", (3,), ((3, "cards wait"),)),
    Statement('It "shrinks" then.', (1, 2), ((1, "shrinks"), (2, "x"))),
)


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"```json\n{JSON}\n```",
        f"Here is the answer:\n{JSON}\nI hope it helps.",
        f"<think>Let me see [2].</think>{JSON}",
        PROSE,
        PROSE.replace("Quotes:", "**Quotes:**"),
        PROSE.replace("[3].", "【3】."),
    ],
)
def test_every_form_of_a_reply_says_the_same(text: str) -> None:
    assert parse.parse(text, split) == Reply(SAID)


def test_json_that_is_cut_off_gives_what_is_whole_of_it() -> None:
    found = parse.parse(JSON[: JSON.index("then")], split).statements
    assert found[0] == SAID[0]
    assert found[1].cited == ()


@pytest.mark.parametrize("text", ["NOT_IN_SOURCES", '{"statements": []}', "<think>x</think>\nNOT_IN_SOURCES."])
def test_a_reply_can_say_that_the_sources_do_not(text: str) -> None:
    assert parse.parse(text, split) == Reply((), True)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "{", '{"statements": "no"}', '{"statements": [1, null, {"text": 5}]}', "[1] [2]", "```", '{"a": 1}'],
)
def test_what_says_nothing_is_no_statement(text: str) -> None:
    assert parse.parse(text, split).statements == ()


def test_sources_may_be_written_as_numbers_or_words() -> None:
    row = {"statements": [{"text": "Cards wait.", "sources": [3]}, {"text": "It is so [1].", "citations": ["[2]"]}]}
    assert [s.cited for s in parse.parse(json.dumps(row), split).statements] == [(3,), (1, 2)]


def shown(text: str, size: int) -> tuple[str, list[str]]:
    stream = StreamingReply(KNOWN)
    parts = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
    parts.append(stream.close())
    return "".join(parts), parts


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 400])
@pytest.mark.parametrize("text", [JSON, f"```json\n{JSON}\n```", f"<think>hm</think>{JSON}"])
def test_json_is_shown_as_sentences_however_it_comes(text: str, size: int) -> None:
    assert shown(text, size)[0] == 'Cards wait [1].\nIt "shrinks" then [2] [3].'


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 400])
def test_prose_is_shown_without_its_quotes_however_it_comes(size: int) -> None:
    assert shown(PROSE, size)[0] == 'Cards wait [1]. It "shrinks" then [2][3].'


@pytest.mark.parametrize("text", ["NOT_IN_SOURCES", '{"statements": []}'])
def test_that_the_sources_do_not_say_is_not_shown_as_an_answer(text: str) -> None:
    assert shown(text, 3)[0] == ""


def test_words_are_shown_before_the_reply_is_whole() -> None:
    _, parts = shown(JSON, 6)
    assert sum(bool(part) for part in parts[: len(parts) // 2]) >= 2


@given(st.text(alphabet='{}[]"\\:,abn1 `', max_size=60), st.integers(1, 9))
def test_no_reply_breaks_it(text: str, size: int) -> None:
    shown(text, size)
    assert isinstance(parse.parse(text, split), Reply)
