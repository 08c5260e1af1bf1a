"""Quizzes against their bars: `python bench/run.py quiz`; `bench/quiz.py FILE` writes the items to be read."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import kb
from bench.tools import SHARED, Row, table
from kb.library import Library
from kb.quiz import items as quiz_items
from kb.quiz import scheduler, validation
from kb.quiz.items import Quiz
from kb.types import locators

COUNT = 200


def sources(shared: Path) -> list[Path]:
    lectures = shared / "data/transcripts/lectures"
    return [shared / "data/notes/ai-notes", lectures / "micrograd", lectures / "nanoGPT"]


def made(folder: Path, shared: Path) -> tuple[Library, Quiz]:
    library = kb.open(folder / "quiz")
    library.ingest(sources(shared))
    return library, library.quiz("", COUNT, "practitioner", keep=False)


def in_quote(quiz: Quiz) -> int:
    """How many answers stand in their quotes, or equal the place (who_said, when); of true_false, what is so."""
    right = 0
    for item in quiz.items:
        place = item.locator
        if item.type == "who_said":
            right += item.answer in getattr(place, "speakers", ())
        elif item.type == "when":
            right += item.answer == locators.clock(getattr(place, "start", -1.0))
        else:
            right += validation.holds(item.quote, item.fact if item.type == "true_false" else item.answer)
    return right


def two_right(library: Library, quiz: Quiz) -> int:
    """How many items have a wrong option that is the answer in other words, or that their passage supports."""
    catalog = library.retriever().catalog()
    assert catalog is not None
    wrong = 0
    for item in quiz.items:
        passage = catalog.chunks([item.chunk_id])[item.chunk_id].text
        others = [o for o in item.options if o != item.answer] if item.type == "multiple_choice" else []
        wrong += any(validation.same(o, item.answer) or validation.holds(passage, o) for o in others)
    return wrong


def doubled(quiz: Quiz) -> int:
    """How many items ask what one before them asks."""
    return sum(validation.repeats(item, quiz.items[:n]) for n, item in enumerate(quiz.items))


def at_twenty_thousand(folder: Path, shared: Path) -> tuple[int, float, float]:
    """Passages of a large base, and the median and longest seconds for five items on a topic, warm."""
    corpora = [shared / "data/notes", shared / "data/transcripts", shared / "data/qa/chunking/corpora"]
    texts = [json.loads(line) for line in (shared / "data/qa/cranfield/corpus.jsonl").read_text().splitlines()]
    more = folder / "more"
    more.mkdir()
    for copy in range(8):
        for row in texts:
            # Each copy says which it is, so that no two passages are one.
            (more / f"{copy}-{row['_id']}.md").write_text(
                f"# {row['title']} ({copy})\n\n{row['text']}\n", encoding="utf-8"
            )
    with kb.open(folder / "large") as library:
        library.ingest([*corpora, more])
        catalog = library.retriever().catalog()
        assert catalog is not None
        topics = (
            "attention",
            "boundary layer",
            "fine-tuning",
            "vector databases",
            "podcasts",
            "heat transfer",
            "agents",
        )
        library.quiz("warm up", 5, keep=False)
        took = []
        for topic in topics:
            began = time.perf_counter()
            library.quiz(topic, 5, keep=False)
            took.append(time.perf_counter() - began)
        return catalog.count("chunks"), sorted(took)[len(took) // 2], max(took)


def replayed(shared: Path) -> tuple[int, int]:
    """Answers of a real log, and after how many of them our due date is not py-fsrs' own."""
    from fsrs import Card, Rating, Scheduler

    own = Scheduler(enable_fuzzing=False)
    (file,) = (shared / "data/reviews").glob("*.csv")
    theirs: dict[int, Card] = {}
    ours: dict[int, str] = {}
    differ = count = 0
    with file.open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            card_id, when = int(row["card_id"]), dt.datetime.fromisoformat(row["review_time"])
            rating = int(row["review_rating"])
            theirs[card_id], _ = own.review_card(
                theirs.get(card_id) or Card(card_id=card_id, due=when), Rating(rating), when
            )
            state = ours.get(card_id) or scheduler.new(card_id, when)
            ours[card_id], due = scheduler.reviewed(state, scheduler.RATINGS[rating - 1], when)
            differ += due != theirs[card_id].due.isoformat()
            count += 1
    return count, differ


def section(folder: Path) -> str:
    library, found = made(folder, SHARED)
    with library:
        total = len(found.items)
        rows: list[Row] = [
            ("answers that stand in the quote, or equal the place", f"{in_quote(found)} of {total}", "all"),
            ("items with two right options", two_right(library, found), "0"),
            ("items that ask what another asks", doubled(found), f"≤ {total // 100}"),
        ]
    chunks, middle, longest = at_twenty_thousand(folder, SHARED)
    rows.append(
        (f"five items on a topic, {chunks} passages, warm", f"median {middle:.2f} s, longest {longest:.2f} s", "≤ 1 s")
    )
    answers, differ = replayed(SHARED)
    rows.append((f"due dates that are not py-fsrs' own, of {answers} answers", differ, "0"))
    kinds = ", ".join(f"{name} {n}" for name, n in Counter(item.type for item in found.items).most_common())
    thrown = ", ".join(f"{reason} {n}" for reason, n in sorted(found.rejected.items(), key=lambda pair: -pair[1]))
    return (
        "## Quizzes\n\n"
        f"`python bench/run.py quiz`: {total} items without a model, from data/notes/ai-notes and two lectures "
        f"({kinds}). "
        "docs/quizzes.md has how they were judged.\n\n"
        + table(("what", "measured", "asked"), rows)
        + f"\nThrown away on the way: {thrown}.\n"
    )


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        opened, items = made(Path(place), SHARED)
        opened.close()
        rows = [quiz_items.as_row(item) for item in items.items]
        Path(sys.argv[1]).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
