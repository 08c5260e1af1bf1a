"""Cards: what is due, what an answer does, what a changed source does, and how they leave for other programs."""

from __future__ import annotations

import csv
import datetime as dt
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsrs import Card, Rating, Scheduler

import kb
from index.models.embedder import Embedder
from kb.errors import StoreError, UnknownId, UsageError
from kb.library import Library
from kb.quiz import scheduler
from tests.builders import write
from tests.conftest import NOW
from tests.kb.digest.test_fetch import Clock
from tests.kb.quiz.test_generate import PLANTS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(home: Path, embedder: Embedder, clock: Clock, notes: Path) -> Iterator[Library]:
    write(notes, **PLANTS)
    with kb.open(home, now=clock, embedder=embedder) as opened:
        opened.ingest([notes])
        yield opened


def catalog(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "catalog.sqlite", isolation_level=None)


# The scheduler


@pytest.mark.data
def test_due_dates_are_py_fsrs_own_over_a_real_log(data: Path) -> None:
    (file,) = (data / "data/reviews").glob("*.csv")
    own = Scheduler(enable_fuzzing=False)
    theirs: dict[int, Card] = {}
    ours: dict[int, str] = {}
    with file.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) > 1000
    for row in rows:
        card_id, when = int(row["card_id"]), dt.datetime.fromisoformat(row["review_time"])
        rating = int(row["review_rating"])
        card = theirs.get(card_id) or Card(card_id=card_id, due=when)
        theirs[card_id], _ = own.review_card(card, Rating(rating), when)
        state = ours.get(card_id) or scheduler.new(card_id, when)
        ours[card_id], due = scheduler.reviewed(state, scheduler.RATINGS[rating - 1], when)
        assert due == theirs[card_id].due.isoformat()


def test_a_clock_that_went_back_counts_as_no_time() -> None:
    state, _ = scheduler.reviewed(scheduler.new(1, NOW), "good", NOW)
    back, due = scheduler.reviewed(state, "good", NOW - dt.timedelta(days=400))
    assert (back, due) == scheduler.reviewed(state, "good", NOW)
    assert 0 < scheduler.remembered(back, NOW - dt.timedelta(days=400)) <= 1


def test_a_broken_schedule_is_said_to_be_one() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        scheduler.reviewed("{}", "good", NOW)


# Review


def test_what_was_asked_comes_back_when_it_is_due(library: Library, clock: Clock) -> None:
    quiz = library.quiz("trees", 2)
    assert {card.item.id for card in library.due().cards} == {item.id for item in quiz.items}
    first = quiz.items[0]
    answered = library.answer_card(first.id, first.answer)
    assert (answered.grade.correct, answered.rating) == (True, "good")
    assert first.id not in {card.item.id for card in library.due().cards}
    clock.now = dt.datetime.fromisoformat(answered.due)
    assert first.id in {card.item.id for card in library.due().cards}


def test_a_wrong_answer_comes_back_sooner_than_a_right_one(library: Library) -> None:
    one, other = library.quiz("trees", 2).items
    right = library.answer_card(one.id, one.answer)
    wrong = library.answer_card(other.id, "no idea at all")
    assert (wrong.grade.correct, wrong.rating) == (False, "again")
    assert wrong.due < right.due


def test_a_persons_own_word_decides_how_a_card_is_rated(library: Library) -> None:
    item = library.quiz("trees", 1).items[0]
    assert library.answer_card(item.id, "whatever", "easy").rating == "easy"


def test_an_answer_can_be_taken_back(library: Library) -> None:
    item = library.quiz("trees", 1).items[0]
    before = library.due().cards[0].due
    library.answer_card(item.id, item.answer)
    assert library.undo_review() == item.id
    assert library.due().cards[0].due == before
    assert library.retention().learnt == 0
    with pytest.raises(UsageError, match="no answer to take back"):
        library.undo_review()


def test_a_day_has_limits(home: Path, embedder: Embedder, clock: Clock, library: Library) -> None:
    library.quiz("", 6)
    with kb.open(home, now=clock, embedder=embedder, new_cards_a_day=2, cards_a_day=3) as limited:
        due = limited.due()
        assert (len(due.cards), due.waiting) == (2, 4)
        for card in due.cards:
            limited.answer_card(card.item.id, card.item.answer)
        assert limited.due().cards == ()
        clock.later(days=1)
        again = limited.due()
        assert len(again.cards) == 3  # three a day at most, two of them new
        assert sum(card.answered == 0 for card in again.cards) <= 2


def test_a_review_of_thirty_days_grows_apart_and_its_figures_are_counted(library: Library, clock: Clock) -> None:
    items = library.quiz("", 6).items
    gaps: list[float] = []
    wrong = 0
    for day in range(30):
        for n, card in enumerate(library.due().cards):
            slip = day in (4, 11) and n == 0
            answered = library.answer_card(card.item.id, "no idea" if slip else card.item.answer)
            wrong += slip and card.answered > 0
            gaps.append((dt.datetime.fromisoformat(answered.due) - clock.now).total_seconds() / 86_400)
        clock.later(days=1)
    found = library.retention()
    assert (found.cards, found.learnt) == (len(items), len(items))
    assert max(gaps) > 14 > min(gaps)
    assert found.asked - found.recalled == wrong
    assert found.asked == len(gaps) - len(items)
    assert 0.7 < found.expected <= 1
    assert sum(n for _, n, _ in found.by_day) == len(gaps)


def test_a_changed_source_makes_its_cards_stale_and_a_moved_sentence_does_not(library: Library, notes: Path) -> None:
    items = library.quiz("", 12).items
    moss = [item for item in items if item.title == "Moss"]
    others = {item.id for item in items} - {item.id for item in moss}
    assert moss
    (notes / "fern.md").write_text("# Ferns\n\nA line before it.\n\n" + PLANTS["fern"].partition("\n\n")[2])
    (notes / "moss.md").write_text("# Moss\n\nAnother thing is said of it now.\n")
    library.ingest([notes])
    due = library.due()
    assert {card_id for card_id, _, _ in due.stale} == {item.id for item in moss}
    assert {card.item.id for card in due.cards} == others
    with pytest.raises(UsageError, match="says something else now"):
        library.answer_card(moss[0].id, "20")
    assert set(library.remove_cards([], stale=True)) == {item.id for item in moss}
    assert library.due().stale == ()


def test_a_source_that_goes_during_a_review_costs_its_cards_only(library: Library) -> None:
    items = library.quiz("", 6).items
    gone = items[0]
    library.remove([gone.document_id])
    with pytest.raises(UsageError, match="no longer there"):
        library.answer_card(gone.id, gone.answer)
    rest = next(item for item in items if item.document_id != gone.document_id)
    assert library.answer_card(rest.id, rest.answer).grade.correct


def test_a_card_that_cannot_be_read_is_named_and_left_and_costs_no_other(library: Library, home: Path) -> None:
    one, other = library.quiz("trees", 2).items
    with catalog(home) as db:
        db.execute("UPDATE cards SET item = '{broken' WHERE id = ?", (one.id,))
    due = library.due()
    assert [card_id for card_id, _ in due.broken] == [one.id]
    assert [card.item.id for card in due.cards] == [other.id]
    with catalog(home) as db:
        assert db.execute("SELECT item FROM cards WHERE id = ?", (one.id,)).fetchone() == ("{broken",)


def test_a_card_that_cannot_be_read_is_not_counted_as_due(library: Library, home: Path) -> None:
    one = library.quiz("trees", 2).items[0]
    with catalog(home) as db:
        db.execute("UPDATE cards SET item = '{broken' WHERE id = ?", (one.id,))
    library.due()
    assert library.retention().due == 1


def test_a_card_that_is_named_twice_is_removed_once(library: Library) -> None:
    one = library.quiz("trees", 1).items[0].id
    assert library.remove_cards([one, one]) == [one]


def test_a_broken_table_of_cards_is_one_plain_line(library: Library, home: Path) -> None:
    library.quiz("trees", 1)
    with catalog(home) as db:
        db.execute("DROP TABLE cards")
        db.execute("CREATE TABLE cards (x)")
    with pytest.raises(StoreError, match="backup"):
        library.due()
    assert library.search("moss", 1).hits  # the rest goes on


def test_an_unknown_card_is_said_to_be_unknown(library: Library) -> None:
    library.quiz("trees", 1)
    with pytest.raises(UnknownId, match="No card has"):
        library.answer_card("q00", "x")


# Export


def notes_of(path: Path, folder: Path) -> list[tuple[str, list[str]]]:
    """Ids and fields of a package's notes, read with its own SQLite."""
    with zipfile.ZipFile(path) as package:
        package.extractall(folder)
    with sqlite3.connect(folder / "collection.anki2") as db:
        rows = db.execute("SELECT guid, flds FROM notes ORDER BY guid").fetchall()
        cards = db.execute("SELECT count(*) FROM cards").fetchone()[0]
    assert cards == len(rows)
    return [(guid, fields.split("\x1f")) for guid, fields in rows]


def test_a_package_for_anki_has_each_card_once_with_its_source_and_link(library: Library, tmp_path: Path) -> None:
    items = {item.id: item for item in library.quiz("", 4).items}
    path = tmp_path / "kb.apkg"
    assert library.export_cards(path, "anki").cards == 4
    found = notes_of(path, tmp_path / "one")
    assert {guid for guid, _ in found} == set(items)
    for guid, fields in found:
        assert items[guid].answer in fields[3] or "&" in fields[3]
        assert items[guid].title in fields[5]
        assert items[guid].link in fields[6]
    library.quiz("", 2)
    library.export_cards(path, "anki")
    again = notes_of(path, tmp_path / "two")
    assert set(items) < {guid for guid, _ in again}
    assert len(again) == len({guid for guid, _ in again}) == 6


def test_what_a_source_says_is_no_markup_in_a_card(library: Library, notes: Path, tmp_path: Path) -> None:
    words = "Xylo is a wood that costs <script>alert(1)</script> 20 euros & more a piece."
    (notes / "x.md").write_text(f"# Xylo\n\n{words}\n")
    library.ingest([notes])
    library.quiz("xylo", 3)
    path = tmp_path / "kb.apkg"
    library.export_cards(path, "anki")
    assert not any("<script" in field for _, fields in notes_of(path, tmp_path / "out") for field in fields)


def test_a_file_for_obsidian_keeps_the_schedules_that_its_plugin_wrote(library: Library, tmp_path: Path) -> None:
    items = library.quiz("", 3).items
    path = tmp_path / "cards.md"
    library.export_cards(path, "obsidian")
    text = path.read_text(encoding="utf-8")
    assert text.count("\n?\n") == 3
    mark = f"^{items[0].id}"
    path.write_text(text.replace(mark, f"<!--SR:!2026-06-01,4,270-->\n{mark}"), encoding="utf-8")
    library.quiz("", 1)
    library.export_cards(path, "obsidian")
    again = path.read_text(encoding="utf-8")
    assert f"<!--SR:!2026-06-01,4,270-->\n{mark}" in again
    assert again.count(mark) == 1
    assert again.count("\n?\n") == 4


def test_an_export_that_cannot_be_written_is_one_plain_line(library: Library, tmp_path: Path) -> None:
    library.quiz("", 1)
    with pytest.raises(StoreError, match="cannot be written"):
        library.export_cards(tmp_path / "none" / "kb.apkg", "anki")
    with pytest.raises(UsageError, match="anki or obsidian"):
        library.export_cards(tmp_path / "x", "paper")
