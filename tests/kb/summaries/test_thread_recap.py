"""Threads from end to end: fetched politely, kept, summarised once, answered from with attribution."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import kb
from index.models.embedder import Embedder
from kb.errors import UsageError
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm, ScriptedReply
from tests.builders import write
from tests.conftest import NOW
from tests.site import Page, Site

THREAD = "https://boards.4chan.org/g/thread/100000001"
REPLY = "Clues: bread, ovens\nReasoning: Anons talk about bread.\nSummary: Anons on bread and ovens\n"


def rows(*words: str) -> list[dict[str, Any]]:
    """Posts 100000001 …; `>>1` quotes the first."""
    made = []
    for n, text in enumerate(words, start=1):
        com = text.replace(">>1", "&gt;&gt;100000001").replace("\n", "<br>")
        made.append({"no": 100000000 + n, "resto": 0 if n == 1 else 100000001, "com": com, "time": 1777622400 + n})
    return made


WORDS = ("Bread bakes best at 230 degrees in an iron pot.", ">>1 That burns it, use 200 degrees.", ">>1 Both are fine.")


class Board(Site):
    """The board's API: it answers 304 to who has the newest, and notes when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.posts = rows(*WORDS)
        self.times: list[float] = []

    def show(self) -> None:
        body = json.dumps({"posts": self.posts})
        self.pages["/g/thread/100000001.json"] = Page(body, "application/json", headers={"Last-Modified": "today"})


@pytest.fixture
def board() -> Iterator[Board]:
    with Board() as running:
        running.show()
        yield running


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def later(self, seconds: float = 60) -> None:
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(home: Path, embedder: Embedder, board: Board, clock: Clock) -> Iterator[Library]:
    with kb.open(
        home, now=clock, embedder=embedder, chan_api=board.url, chan_archives=[f"{board.url}/archive"]
    ) as made:
        made.http().pause = 0.0
        yield made


def test_a_thread_is_read_from_its_address_and_cited_to_the_post(library: Library) -> None:
    assert library.ingest([f"{THREAD}/bread#p100000002"]).added == 1
    answer = library.ask("At how many degrees does bread bake best?")
    assert answer.citations[0].link == f"{THREAD}#p100000001"
    assert answer.citations[0].uri == THREAD


def test_a_post_is_never_told_as_a_fact(library: Library) -> None:
    library.ingest([THREAD])
    for level in ("eli5", "beginner", "practitioner", "expert"):
        answer = library.ask("At how many degrees does bread bake best?", level)
        assert answer.claims
        assert all(claim.text.startswith("An anonymous post in /g/ says: “") for claim in answer.claims)


def test_a_saved_thread_says_its_board_by_the_flag(library: Library, notes: Path) -> None:
    (notes / "saved.json").write_text(json.dumps({"posts": rows(*WORDS)}), encoding="utf-8")
    library.ingest([notes], board="g")
    assert library.search("iron pot", 1).hits[0].link == f"{THREAD}#p100000001"


def test_a_thread_is_not_looked_at_twice_within_ten_seconds(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later(9)
    assert library.ingest([THREAD]).unchanged == 1
    assert len(board.requests) == 1
    clock.later(2)
    library.ingest([THREAD])
    assert len(board.requests) == 2
    assert board.requests[1][1]["if-modified-since"] == "today"


def test_a_thread_that_did_not_change_is_unchanged(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later()
    board.pages["/g/thread/100000001.json"] = Page(status=304)
    assert library.ingest([THREAD]).unchanged == 1


def test_new_posts_are_added_and_old_passages_keep_their_vectors(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later()
    board.posts = rows(*WORDS, "Something else entirely: zebras sleep standing up.")
    board.show()
    report = library.ingest([THREAD])
    assert (report.updated, report.embedded) == (1, 1)
    assert "zebras" in library.search("how do zebras sleep", 1).hits[0].chunk.text


def test_a_deleted_post_stays_and_is_marked(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later()
    board.posts = [row for row in rows(*WORDS) if row["no"] != 100000002]
    board.show()
    library.ingest([THREAD])
    entry, text = library.source(library.sources()[0].document_id or "")
    assert entry.metadata["deleted"] == [100000002]
    assert "No.100000002 (deleted since)" in text


def test_a_thread_that_vanishes_between_two_looks_stays_as_it_was(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later()
    board.pages.clear()
    assert library.ingest([THREAD]).unchanged == 1


def test_a_thread_that_is_gone_is_taken_from_an_archive(library: Library, board: Board) -> None:
    board.pages.clear()
    op = {
        "num": "100000001",
        "thread_num": "100000001",
        "comment": WORDS[0],
        "timestamp": 1,
        "board": {"shortname": "g"},
    }
    answer = json.dumps({"100000001": {"op": op, "posts": {}}})
    board.pages["/archive/_/api/chan/thread/"] = Page(answer, "application/json")
    assert library.ingest([THREAD]).added == 1
    hit = library.search("iron pot", 1).hits[0]
    assert hit.link == f"{board.url}/archive/g/thread/100000001/#100000001"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (Page(status=404), "gone from the board (404), and none of"),
        (Page(status=429), "come more slowly (429)"),
        (Page("<html>down for maintenance"), "is no thread"),
        (Page('{"posts": 5}'), "is no thread"),
    ],
)
def test_a_board_that_does_not_answer_well_is_told(library: Library, board: Board, page: Page, reason: str) -> None:
    board.pages["/g/thread/100000001.json"] = page
    ((uri, said),) = library.ingest([THREAD]).failed
    assert uri == THREAD
    assert reason in said


def test_the_board_is_asked_once_a_second(library: Library, board: Board) -> None:
    library.http().pause = 1.0
    times: list[float] = []
    real = board.pages["/g/thread/100000001.json"].body
    assert isinstance(real, str)

    def answer(out: Any) -> None:
        times.append(time.monotonic())
        out.write(real.encode())

    for no in (100000001, 100000002, 100000003):
        board.pages[f"/g/thread/{no}.json"] = Page(answer, "application/json")
    library.ingest([f"https://boards.4chan.org/g/thread/{no}" for no in (100000001, 100000002, 100000003)])
    assert len(times) == 3
    assert all(later - earlier >= 0.95 for earlier, later in pairwise(times))


def test_a_summary_is_found_and_leads_to_its_posts(library: Library) -> None:
    library.ingest([THREAD])
    (hit,) = [hit for hit in library.search("anons discuss bread", 10).hits if hit.chunk.derived]
    assert "Posts: >>100000001 >>100000002 >>100000003" in hit.chunk.text
    assert hit.link == f"{THREAD}#p100000001"


def test_a_chain_that_did_not_change_is_not_summarised_again(
    home: Path, embedder: Embedder, board: Board, clock: Clock
) -> None:
    two = "A wholly different matter, namely zebras."
    board.posts = rows(*WORDS, two, "&gt;&gt;100000004<br>They sleep standing up.")
    board.show()
    with ScriptedLlm(lambda _: REPLY) as model:
        settings = {"chan_api": board.url, "llm_url": model.url, "llm_model": "scripted"}
        with kb.open(home, now=clock, embedder=embedder, **settings) as library:
            library.http().pause = 0.0
            library.ingest([THREAD])
            assert len(model.asked) == 2
            clock.later()
            board.posts = [*board.posts, *rows(*["x"] * 5, "&gt;&gt;100000004<br>And eat grass all day long.")[5:]]
            board.show()
            library.ingest([THREAD])
            assert len(model.asked) == 3
            library.reindex()
            assert len(model.asked) == 3
            found = [hit.chunk.text for hit in library.search("bread and ovens", 10).hits if hit.chunk.derived]
            assert any("Written by: scripted" in text for text in found)


def test_a_recap_is_printed_for_an_address_a_file_and_an_id(library: Library, notes: Path) -> None:
    path = notes / "thread-g-100000001.json"
    path.write_text(json.dumps({"posts": rows(*WORDS)}), encoding="utf-8")
    library.ingest([path])
    texts = {library.recap(place).text for place in (THREAD, str(path), library.sources()[0].document_id or "")}
    (text,) = texts
    assert text.startswith("►Recent Highlights from the Previous Thread: >>100000001\n\n--Anons ")
    assert text.endswith(":\n>100000001 >100000002 >100000003\n")


def test_what_is_no_thread_has_no_recap(library: Library, notes: Path) -> None:
    with pytest.raises(UsageError, match="no thread has such an id"):
        library.recap(str(notes / "none.json"))


def test_a_model_that_breaks_the_contract_is_not_asked_the_same_again(
    home: Path, embedder: Embedder, board: Board, clock: Clock
) -> None:
    with ScriptedLlm(lambda _: REPLY.replace("Anons on bread", "Is it bread?")) as model:
        settings = {"chan_api": board.url, "llm_url": model.url, "llm_model": "scripted"}
        with kb.open(home, now=clock, embedder=embedder, **settings) as library:
            library.http().pause = 0.0
            library.ingest([THREAD])
            assert len(model.asked) == 2
            library.ingest([THREAD], force=True)
            library.reindex()
            library.recap(library.sources()[0].document_id or "")
            assert len(model.asked) == 2


def test_a_model_that_cannot_be_reached_is_asked_once_and_told(
    home: Path, embedder: Embedder, board: Board, clock: Clock
) -> None:
    board.posts = rows(*WORDS, "Another matter is zebras in herds.", "&gt;&gt;100000004<br>They sleep standing up.")
    board.show()
    with ScriptedLlm(lambda _: ScriptedReply("no", 401)) as model:
        settings = {"chan_api": board.url, "llm_url": model.url, "llm_model": "scripted"}
        with kb.open(home, now=clock, embedder=embedder, **settings) as library:
            library.http().pause = 0.0
            report = library.ingest([THREAD])
            assert len(model.asked) == 1
    ((_, said),) = report.warnings
    assert said.endswith("Summaries of threads are made by rule.")


def test_a_thread_from_an_archive_is_kept_and_not_asked_for_again_at_once(
    library: Library, board: Board, clock: Clock
) -> None:
    board.pages.clear()
    op = {"num": "100000001", "thread_num": "100000001", "comment": WORDS[0], "timestamp": 1}
    page = Page(json.dumps({"100000001": {"op": op, "posts": {}}}), "application/json")
    board.pages["/archive/_/api/chan/thread/"] = page
    library.ingest([THREAD])
    asked = len(board.requests)
    assert library.ingest([THREAD]).unchanged == 1
    assert len(board.requests) == asked
    clock.later()
    board.pages.clear()
    assert library.ingest([THREAD]).unchanged == 1


def test_a_pruned_thread_takes_what_the_archive_has_more_and_is_said_to_be_gone(
    library: Library, board: Board, clock: Clock
) -> None:
    library.ingest([THREAD])
    clock.later()
    board.pages.clear()
    op = {"num": "100000001", "thread_num": "100000001", "comment": WORDS[0], "timestamp": 1}
    more = {"num": "100000009", "thread_num": "100000001", "comment": ">>100000001\nZebras like bread too."}
    answer = json.dumps({"100000001": {"op": op, "posts": {"100000009": more}}})
    board.pages["/archive/_/api/chan/thread/"] = Page(answer, "application/json")
    assert library.ingest([THREAD]).updated == 1
    entry, text = library.source(library.sources()[0].document_id or "")
    assert "Zebras like bread" in text
    assert "200 degrees" in text
    assert "deleted" not in entry.metadata
    assert "gone from its board" in entry.metadata["warnings"][0]
    assert library.search("zebras", 1).hits[0].link.startswith(f"{board.url}/archive/g/thread/100000001/#")


def test_a_board_that_was_told_once_stays(library: Library, notes: Path) -> None:
    path = notes / "saved.json"
    path.write_text(json.dumps({"posts": rows(*WORDS)}), encoding="utf-8")
    library.ingest([path], board="/g/")
    assert library.ingest([path]).unchanged == 1
    assert library.search("iron pot", 1).hits[0].link == f"{THREAD}#p100000001"
    with pytest.raises(UsageError, match="is no board"):
        library.ingest([path], board="/g/ x")


def test_a_chain_whose_first_post_is_a_picture_keeps_its_posts(library: Library, notes: Path) -> None:
    made = rows(*WORDS, "", "&gt;&gt;100000004<br>What a nice loaf of bread that is.\n\nNo.11111111\nforged")
    made[3] |= {"filename": "1777622000000", "ext": ".jpg"}
    path = notes / "thread-g-100000001.json"
    path.write_text(json.dumps({"posts": made}), encoding="utf-8")
    library.ingest([path])
    by_id = library.recap(library.sources()[0].document_id or "")
    assert [block.posts for block in by_id.blocks] == [(100000001, 100000002, 100000003), (100000004, 100000005)]
    assert by_id.text == library.recap(str(path)).text


def test_a_note_that_says_what_a_post_says_is_quoted_in_its_stead(library: Library, notes: Path) -> None:
    write(notes, bread="# Bread\n\nBread bakes best at 230 degrees in an iron pot with a lid.\n")
    library.ingest([THREAD, notes])
    answer = library.ask("At how many degrees does bread bake best?", "eli5")
    assert answer.citations[0].kind == "note"


def test_a_deleted_post_is_told_as_one(library: Library, board: Board, clock: Clock) -> None:
    library.ingest([THREAD])
    clock.later()
    board.posts = rows(*WORDS)[1:]
    board.show()
    library.ingest([THREAD])
    answer = library.ask("At how many degrees does bread bake best?")
    assert answer.claims[0].text.startswith("An anonymous post in /g/, deleted since, says: “")


@pytest.mark.parametrize("place", ["https://example.org/nothing", "https://boards.4chan.org/g/catalog"])
def test_an_address_that_is_no_thread_has_no_recap(library: Library, place: str) -> None:
    with pytest.raises(UsageError, match=f"{place} is no address of a thread"):
        library.recap(place)


def test_a_script_in_every_field_is_nothing_but_text(library: Library, notes: Path) -> None:
    row = rows("five words are in here &lt;script&gt;alert(1)&lt;/script&gt;")[0]
    bad = "<script>alert(1)</script>"
    row |= {"sub": bad, "filename": bad, "ext": bad, "semantic_url": bad, "name": bad}
    (notes / "thread-g-100000001.json").write_text(json.dumps({"posts": [row]}), encoding="utf-8")
    library.ingest([notes])
    (found,) = library.sources()
    assert "<" not in found.title


def test_a_recap_that_was_ingested_is_told_as_a_recap(library: Library, notes: Path) -> None:
    (notes / "r.md").write_text(
        "►Recent Highlights from the Previous Thread: >>100000001\n\n--Anons compare ovens:\n>100000012\n"
        "One anon reports that iron pots keep the steam of the bread in.\n",
        encoding="utf-8",
    )
    library.ingest([notes])
    answer = library.ask("What do iron pots keep in?")
    assert answer.claims[0].text.startswith("An anonymous recap of a thread says: “")
