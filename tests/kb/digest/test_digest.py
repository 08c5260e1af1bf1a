"""The daily digest: its window, its stories and their order, what it says of what is known, what it learns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

import kb
from index.models.embedder import Embedder
from index.storage.links import Mark
from ingest.links import digests
from kb.digest import render
from kb.digest.items import Digest
from kb.errors import UnknownId, UsageError
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm
from tests.builders import an_entry, write
from tests.kb.digest.test_fetch import Clock, serve
from tests.site import Site

GOLDEN = Path(__file__).parents[2] / "data" / "digest"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(home: Path, embedder: Embedder, clock: Clock) -> Iterator[Library]:
    with kb.open(home, now=clock, embedder=embedder, full_text=0) as opened:
        opened.http().pause = 0.0
        opened.http().sleep = lambda _: None
        yield opened


def titles(digest: Digest) -> list[str]:
    return [item.title for item in digest.items]


def dated(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def follow(library: Library, site: Site, path: str, *entries: str, title: str = "A feed") -> None:
    """Follow a feed, or give the one that is followed other entries."""
    url = serve(site, path, *entries, title=title)
    if url not in {row.url for row in library.feeds()}:
        library.import_feeds(f"<opml><body><outline text='{title}' xmlUrl='{url}'/></body></opml>")


def test_a_digest_tells_what_is_new_since_the_last_one(library: Library, site: Site, clock: Clock) -> None:
    moss = an_entry("Moss drinks fog", f"{site.url}/moss", guid="1")
    follow(library, site, "/f", moss)
    assert titles(library.digest()) == ["Moss drinks fog"]
    clock.later(days=2)  # a day without a digest loses nothing
    follow(library, site, "/f", moss, an_entry("Ferns and their spores", f"{site.url}/fern", guid="2"))
    assert titles(library.digest()) == ["Ferns and their spores"]
    clock.later(days=1)
    assert library.digest().items == ()


def test_the_same_day_again_covers_what_its_first_run_did_and_what_came_since(
    library: Library, site: Site, home: Path, clock: Clock
) -> None:
    moss = an_entry("Moss drinks fog", f"{site.url}/moss", guid="1")
    follow(library, site, "/f", moss)
    library.digest()
    clock.later(hours=5)
    follow(library, site, "/f", moss, an_entry("Ferns and their spores", f"{site.url}/fern", guid="2"))
    library.digest()
    text = (home / "digests" / "2026-05-04.md").read_text(encoding="utf-8")
    assert "Moss drinks fog" in text
    assert "Ferns and their spores" in text
    assert [path.name for path in (home / "digests").iterdir()] == ["2026-05-04.md"]


def test_days_that_are_named_are_looked_up_by_the_links_own_dates(library: Library, site: Site) -> None:
    days = {
        "One": "Fri, 01 May 2026 10:00:00 GMT",
        "Two": "Sat, 02 May 2026 23:00:00 GMT",
        "Three": "Sun, 03 May 2026 00:10:00 GMT",
    }
    follow(library, site, "/f", *(an_entry(f"Day {n}", f"{site.url}/{n}", day) for n, day in days.items()))
    assert titles(library.digest(since="2026-05-02", until="2026-05-02")) == ["Day Two"]
    assert set(titles(library.digest(since="2d", fetch=False))) == {"Day Two", "Day Three"}
    # Looking back moves nothing: what is new is still new.
    assert len(library.digest(fetch=False).items) == 3
    with pytest.raises(UsageError, match="is no date"):
        library.digest(since="soon")


def test_days_that_are_named_leave_todays_digest_told(library: Library, site: Site, clock: Clock) -> None:
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss", guid="1"))
    library.digest()
    library.digest(since="30d", fetch=False)
    clock.later(days=1)
    assert library.digest(fetch=False).items == ()


def test_one_story_of_several_feeds_is_one_item(library: Library, site: Site) -> None:
    words = "The new release of Ferrite 2.1 compiles twice as fast, its makers say."
    follow(library, site, "/a", an_entry("Ferrite 2.1 released", f"{site.url}/a1", summary=words), title="A")
    follow(library, site, "/b", an_entry("Ferrite 2.1 released | B", f"{site.url}/b1", summary=words), title="B")
    follow(
        library, site, "/c", an_entry("Bread without yeast", f"{site.url}/c1", summary="Sourdough rises."), title="C"
    )
    made = library.digest()
    told = next(item for item in made.items if "Ferrite" in item.title)
    assert (told.title, told.feed, told.also) == ("Ferrite 2.1 released", "A", (("B", f"{site.url}/b1"),))
    assert len(made.items) == 2


def test_the_same_page_in_two_feeds_is_one_item_of_both(library: Library, site: Site) -> None:
    follow(library, site, "/a", an_entry("Ferrite is out", f"{site.url}/x?utm_source=a"), title="A")
    follow(library, site, "/b", an_entry("Look: a compiler", f"{site.url}/x#top"), title="B")
    (item,) = library.digest().items
    assert {item.feed, *(name for name, _ in item.also)} == {"A", "B"}


def test_what_a_note_links_to_is_a_repetition(library: Library, site: Site, notes: Path) -> None:
    write(notes, mosses=f"# Mosses\n\nTo read: [moss]({site.url}/moss)\n")
    library.ingest([notes])
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"))
    relation = library.digest().items[0].relation
    assert (relation.type, relation.title) == ("repeats", "Mosses")


def test_what_a_note_says_is_a_repetition_and_stands_below_what_is_new(
    library: Library, site: Site, notes: Path
) -> None:
    write(notes, moss="# How moss drinks\n\nMoss has no roots: it drinks the fog of the morning through its leaves.\n")
    library.ingest([notes])
    known = "Moss has no roots and drinks the morning fog through its leaves."
    follow(
        library,
        site,
        "/f",
        an_entry("How moss drinks", f"{site.url}/moss", summary=known),
        an_entry("Ferns on the wall", f"{site.url}/fern", summary="A fern took the north wall in two summers."),
    )
    first, second = library.digest().items
    assert (first.title, first.relation.type) == ("Ferns on the wall", "new")
    assert (second.relation.type, second.relation.title) == ("repeats", "How moss drinks")


def test_a_link_of_an_older_digest_is_no_news_to_the_person(library: Library, site: Site, notes: Path) -> None:
    write(notes, old=f"## Moss\nSummary: On moss.\n\nLink: {site.url}/moss\n\n5/1/2026\n")
    library.ingest([notes])
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"))
    relation = library.digest().items[0].relation
    assert (relation.type, relation.title) == ("repeats", "old")


OVENS = ("Steam in a bread oven", "Baking sourdough on stone", "A crust that sings: heat and flour")
CARDS = ("Undervolting a graphics card", "Faster kernels for matrix products", "Fans and the noise of a server")


def test_marking_three_links_best_moves_their_kind_up(library: Library, site: Site, clock: Clock) -> None:
    def entries(words: tuple[str, ...], path: str) -> list[str]:
        return [an_entry(title, f"{site.url}/{path}{n}", guid=f"{path}{n}") for n, title in enumerate(words)]

    old = [*entries(OVENS, "o"), *entries(CARDS, "c")]
    follow(library, site, "/f", *old)
    library.digest()
    clock.later(days=1)
    new = [
        an_entry("Tuning the clock of a graphics processor", f"{site.url}/n1", guid="n1"),
        an_entry("Why dough wants a hot stone", f"{site.url}/n2", guid="n2"),
    ]
    follow(library, site, "/f", *old, *new)
    before = titles(library.digest())
    library.mark_links([f"{site.url}/o{n}" for n in range(3)], Mark(best=True))
    bread_first = titles(library.digest(fetch=False))
    library.mark_links([f"{site.url}/o{n}" for n in range(3)], Mark(best=False))
    library.mark_links([f"{site.url}/c{n}" for n in range(3)], Mark(best=True))
    cards_first = titles(library.digest(fetch=False))
    assert set(before) == set(bread_first) == set(cards_first)
    assert bread_first[0] == "Why dough wants a hot stone"
    assert cards_first[0] == "Tuning the clock of a graphics processor"


def test_a_heavier_feed_comes_first(library: Library, site: Site) -> None:
    a = serve(site, "/a", an_entry("Of one thing or another", f"{site.url}/1"), title="A")
    b = serve(site, "/b", an_entry("Something quite different", f"{site.url}/2"), title="B")
    library.add_feed(a)
    library.add_feed(b, weight=3)
    assert titles(library.digest())[0] == "Something quite different"
    library.add_feed(b, weight=0.2)
    assert titles(library.digest(fetch=False))[0] == "Of one thing or another"


def test_a_summary_is_the_texts_own_words_without_what_feeds_add(library: Library, site: Site) -> None:
    words = (
        "Moss has no roots and takes water from the air. On dry days it curls up and waits for rain. "
        "The post Moss appeared first on Garden. Read more at our site."
    )
    follow(library, site, "/f", an_entry("Moss and water", f"{site.url}/moss", summary=words))
    summary = library.digest().items[0].summary
    assert summary == "Moss has no roots and takes water from the air. On dry days it curls up and waits for rain."


LONG = " ".join(
    ["Moss has no roots and takes its water from the air.", *["It waits for rain on dry days in the wall."] * 8]
)


def test_a_model_writes_summaries_that_the_text_bears(home: Path, embedder: Embedder, clock: Clock, site: Site) -> None:
    with ScriptedLlm(["Moss has no roots; it takes water from the air. It covers 40 walls in Kyoto."]) as server:
        settings = {"llm_url": f"{server.url}/v1", "llm_model": "m", "full_text": 0}
        with kb.open(home, now=clock, embedder=embedder, **settings) as library:
            library.http().pause = 0.0
            follow(library, site, "/f", an_entry("Moss", f"{site.url}/moss", summary=LONG))
            first = library.digest().items[0].summary
            again = library.digest(fetch=False).items[0].summary
    assert first == again == "Moss has no roots; it takes water from the air."
    assert len(server.asked) == 1


def test_a_model_that_fails_leaves_the_texts_own_sentences(
    home: Path, embedder: Embedder, clock: Clock, site: Site
) -> None:
    settings = {"llm_url": "http://127.0.0.1:9/v1", "llm_model": "m", "full_text": 0, "llm_timeout": 1}
    with kb.open(home, now=clock, embedder=embedder, **settings) as library:
        library.http().pause = 0.0
        follow(library, site, "/f", an_entry("Moss", f"{site.url}/moss", summary=LONG))
        made = library.digest()
    assert made.items[0].summary.startswith("Moss has no roots")
    assert "own sentences" in made.warnings[0][1]


def test_feeds_that_failed_are_told_at_the_end(library: Library, site: Site, home: Path) -> None:
    follow(library, site, "/a", an_entry("Moss drinks fog", f"{site.url}/moss"), title="A")
    library.import_feeds(f"<opml><body><outline text='Broken' xmlUrl='{site.url}/none'/></body></opml>")
    made = library.digest()
    assert made.failed == (("Broken", "there is no such page (404)"),)
    text = (home / "digests" / "2026-05-04.md").read_text(encoding="utf-8")
    assert text.endswith("# Feeds that failed\n\n- Broken: there is no such page (404)\n")


def test_nothing_new_writes_no_file(library: Library, home: Path) -> None:
    assert library.digest().items == ()
    assert not (home / "digests").exists()


def test_what_is_ticked_in_a_digest_is_marked(library: Library, site: Site, home: Path) -> None:
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"))
    library.digest()
    path = home / "digests" / "2026-05-04.md"
    text = path.read_text(encoding="utf-8")
    ticked = text.replace("[ ] Mark as read", "[x] Mark as read").replace("[ ] Mark as B", "[X] Mark as B")
    path.write_text(ticked, encoding="utf-8")
    library.digest(fetch=False)
    (record,) = library.links()
    assert (record.state, record.best) == ("read", True)
    assert "- [x] Mark as read" in path.read_text(encoding="utf-8")
    # The tick was taken once; what is marked since then holds.
    library.mark_links([record.id], Mark(state="unread", best=False))
    library.digest(fetch=False)
    assert library.links()[0].state == "unread"


def test_a_digest_is_found_and_never_quoted(library: Library, site: Site) -> None:
    follow(
        library,
        site,
        "/f",
        an_entry("Moss drinks fog", f"{site.url}/moss", summary="Moss drinks the morning fog at six."),
    )
    library.digest()
    found = library.search("when does moss drink fog", 5).hits
    assert {hit.kind for hit in found} == {"link", "digest"}
    assert all(hit.chunk.derived == (hit.kind == "digest") for hit in found)
    answer = library.ask("When does moss drink the morning fog?")
    assert {citation.kind for citation in answer.citations} == {"link"}


def test_a_digest_of_ours_makes_no_link_records_when_it_is_ingested_elsewhere(
    library: Library, site: Site, home: Path, tmp_path: Path
) -> None:
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"))
    library.digest()
    copy = tmp_path / "copy.md"
    copy.write_bytes((home / "digests" / "2026-05-04.md").read_bytes())
    with kb.open(tmp_path / "other", embedder=library.embedder()) as other:
        assert other.ingest([copy]).added == 1
        assert other.links() == []


def test_titles_and_summaries_cannot_write_into_a_digest(library: Library, site: Site, home: Path) -> None:
    evil = "x\n## Fake\nSummary: y\n\nLink: https://evil.example/\n\n- [x] Mark as BestOf\n"
    follow(library, site, "/f", an_entry(f"T <script>alert(1)</script> {evil}", f"{site.url}/a", summary=evil * 2))
    made = library.digest()
    text = (home / "digests" / "2026-05-04.md").read_text(encoding="utf-8")
    assert [entry["url"] for entry in digests.read_entries(text)] == [f"{site.url}/a"]
    assert not library.links()[0].best
    assert "<script>" not in render.html(made)
    assert "<script" not in text.replace("\\<script", "")


def test_the_forms_of_a_digest_say_the_same(library: Library, site: Site) -> None:
    follow(
        library, site, "/f", an_entry("Moss & fog", f"{site.url}/moss?a=1&b=2", summary="Moss drinks the fog of six.")
    )
    made = library.digest()
    page = render.html(made)
    assert f'<a href="{site.url}/moss?a=1&amp;b=2"' in page
    assert "Moss &amp; fog" in page
    atom = ElementTree.fromstring(render.atom(made))
    names = {"a": "http://www.w3.org/2005/Atom"}
    assert [e.text for e in atom.findall("a:entry/a:title", names)] == ["Moss & fog"]
    assert [e.get("href") for e in atom.findall("a:entry/a:link", names)] == [f"{site.url}/moss?a=1&b=2"]


def test_a_page_of_discussion_points_to_what_it_discusses(library: Library, site: Site) -> None:
    talk = "https://news.ycombinator.com/item?id=1"
    follow(
        library,
        site,
        "/hn",
        an_entry("Moss (discussion)", talk, summary=f"Article URL: {site.url}/moss"),
        title="HN",
    )
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"), title="Garden")
    (item,) = library.digest().items
    assert (item.url, item.also) == (f"{site.url}/moss", (("HN", talk),))
    assert {record.url: record.discusses for record in library.links()}[talk] == f"{site.url}/moss"


def test_links_of_notes_are_listed_only_when_asked_for_and_never_unread(library: Library, notes: Path) -> None:
    write(notes, a="# A\n\nSee [moss](https://a.example/moss).\n")
    library.ingest([notes])
    assert library.links() == []
    (record,) = library.links(everything=True)
    assert (record.title, record.origin, record.state) == ("moss", "note", "read")
    library.mark_links([record.id], Mark(best=True))
    assert [r.url for r in library.links(best=True)] == ["https://a.example/moss"]


def test_marks_are_idempotent_and_an_unknown_id_changes_nothing(library: Library, site: Site) -> None:
    follow(library, site, "/f", an_entry("Moss", f"{site.url}/moss"), an_entry("Fern", f"{site.url}/fern"))
    library.fetch_feeds()
    ids = [record.id for record in library.links()]
    for _ in range(2):
        library.mark_links(ids[:1], Mark(state="read", best=True, tags=("green",)))
    (record,) = library.links(state="read")
    assert (record.best, record.tags) == (True, ("green",))
    library.mark_links(ids[:1], Mark(untag=("Green",)))
    assert library.links(state="read")[0].tags == ()
    with pytest.raises(UnknownId):
        library.mark_links([ids[1], "lnothing"], Mark(state="read"))
    assert len(library.links(state="unread")) == 1


@pytest.mark.data
def test_the_first_users_digest_gives_three_links_with_dates_and_topic(library: Library, data: Path) -> None:
    library.ingest([data / "seeds/link-digest.md"])
    found = library.links()
    assert [(record.date, record.tags, record.state, record.origin) for record in found] == [
        ("2024-01-20", ("Experiments",), "unread", "digest"),
        ("2024-01-19", ("Experiments",), "unread", "digest"),
        ("2023-12-28", ("Experiments",), "unread", "digest"),
    ]
    assert "githublistbuilder" not in json.dumps([record.url for record in library.links(everything=True)])
    assert library.search("Mark as BestOf githublistbuilder", 3).hits[0].scores.bm25 == 0


def test_a_record_that_was_marked_outlives_its_digest_and_another_does_not(library: Library, notes: Path) -> None:
    entry = "## {0}\nSummary: On {0}.\n\nLink: https://a.example/{0}\n\n5/1/2026\n\n"
    write(notes, d=entry.format("moss") + entry.format("fern"))
    library.ingest([notes])
    library.mark_links(["https://a.example/moss"], Mark(state="read"))
    library.remove([library.sources()[0].document_id or ""])
    assert [record.title for record in library.links()] == ["moss"]


def test_digests_across_a_change_of_the_clock_tell_each_link_once(
    home: Path, embedder: Embedder, site: Site, request: pytest.FixtureRequest
) -> None:
    # Clocks in Berlin went forward at 2:00 on the 29th of March 2026.
    moment = dt.datetime(2026, 3, 28, 8, 0, tzinfo=BERLIN)
    site_url = site.url
    entries = [
        ("Moss drinks fog", dt.datetime(2026, 3, 28, 7, 30, tzinfo=BERLIN), "Moss takes the water of the morning fog."),
        ("The hour that is not there", dt.datetime(2026, 3, 29, 3, 30, tzinfo=BERLIN), "At two it is three o'clock."),
        ("Late last night", dt.datetime(2026, 3, 29, 23, 50, tzinfo=BERLIN), "Ten minutes before midnight in Berlin."),
    ]
    made = []
    with kb.open(home, now=lambda: moment, embedder=embedder, full_text=0) as library:
        library.http().pause = 0.0
        for day in (28, 29, 30):
            moment = dt.datetime(2026, 3, day, 8, 0, tzinfo=BERLIN)
            there = [e for e in entries if e[1] <= moment]
            follow(
                library,
                site,
                "/f",
                *(
                    an_entry(title, f"{site.url}/{n}", dated(at), words, str(n))
                    for n, (title, at, words) in enumerate(there)
                ),
                title="Garden",
            )
            made.append(library.digest())
        by_date = library.digest(since="2026-03-29", until="2026-03-29", fetch=False)
    assert [titles(digest) for digest in made] == [[title] for title, _, _ in entries]
    assert set(titles(by_date)) == {"The hour that is not there", "Late last night"}
    assert made[2].items[0].date == "2026-03-29"
    for digest in made:
        text = render.markdown(digest).replace(site_url, "https://garden.example")
        golden = GOLDEN / f"{digest.date}.expected.md"
        # The id of a link is made from its address, whose port differs from run to run.
        text = text.replace(digest.items[0].id, "l000000000000")
        if request.config.getoption("--rewrite-golden"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        assert text == golden.read_text(encoding="utf-8")


def test_what_a_person_wrote_into_todays_digest_is_put_aside_and_an_unticked_box_takes_back(
    library: Library, site: Site, home: Path
) -> None:
    follow(library, site, "/f", an_entry("Moss drinks fog", f"{site.url}/moss"))
    library.fetch_feeds()
    library.mark_links([f"{site.url}/moss"], Mark(state="read"))
    library.digest(fetch=False)
    path = home / "digests" / "2026-05-04.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[x] Mark as read", "[ ] Mark as read") + "\nMy own remark.\n", encoding="utf-8")
    made = library.digest(fetch=False)
    assert library.links()[0].state == "unread"
    assert "2026-05-04-edited-1.md" in [name for name, _ in made.warnings]
    assert "My own remark." in (home / "digests" / "2026-05-04-edited-1.md").read_text(encoding="utf-8")


def test_a_summary_in_a_script_without_spaces_is_told(library: Library, site: Site) -> None:
    words = "東京で大雪が降った。電車が止まった。気象庁は明日も雪が続くと発表した。"
    follow(library, site, "/f", an_entry("東京で大雪", f"{site.url}/snow", summary=words))
    assert library.digest().items[0].summary == words


def test_markdown_in_a_title_is_no_link(library: Library, site: Site, home: Path) -> None:
    follow(library, site, "/f", an_entry("Look [here](javascript:alert(1)) *now*", f"{site.url}/a"))
    library.digest()
    text = (home / "digests" / "2026-05-04.md").read_text(encoding="utf-8")
    assert r"## Look \[here\](javascript:alert(1)) \*now\*" in text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Acme buys Widgetco", "Acme buys Widgetco for cash."), ("Acme does not buy Widgetco", "Acme walks away.")),
        (("Acme Q1 earnings", "Acme earned 10 billion."), ("Acme Q2 earnings", "Acme earned 12 billion.")),
        (("Python 3.14.1 released", "Bugs were fixed."), ("Python 3.13.9 released", "Bugs were fixed.")),
        (("Hello world", "My first post is on bees and hives."), ("Hello world", "A database of mine is out.")),
    ],
)
def test_look_alikes_are_two_items(library: Library, site: Site, one: tuple[str, str], other: tuple[str, str]) -> None:
    for path, (title, words) in (("/a", one), ("/b", other)):
        follow(library, site, path, an_entry(title, f"{site.url}{path}1", summary=words), title=path)
    assert len(library.digest().items) == 2


def test_news_of_a_notes_subject_is_no_repetition_of_it(library: Library, site: Site, notes: Path) -> None:
    write(notes, rust="# Rust borrow checker\n\nThe borrow checker rejects mutable aliasing.\n")
    library.ingest([notes])
    words = "The borrow checker will be optional from next year."
    follow(library, site, "/f", an_entry("Rust 2 drops the borrow checker", f"{site.url}/r", summary=words))
    relation = library.digest().items[0].relation
    assert (relation.type, relation.title) == ("new", "Rust borrow checker")


def test_the_latest_digest_is_read_again_in_its_order_with_todays_marks(
    library: Library, site: Site, home: Path
) -> None:
    follow(
        library,
        site,
        "/f",
        an_entry("Moss drinks fog", f"{site.url}/moss", guid="1"),
        an_entry("Ferns and their spores", f"{site.url}/fern", guid="2"),
    )
    made = library.digest()
    library.mark_links([made.items[1].id], Mark(state="read", best=True))
    before = sorted((home / "digests").iterdir())
    date, told = library.latest_digest()
    assert date == "2026-05-04"
    assert [one.record.title for one in told] == titles(made)
    assert [one.record.state for one in told] == ["unread", "read"]
    assert all(one.relation.startswith("New to you; from A feed") for one in told)
    assert sorted((home / "digests").iterdir()) == before


def test_without_a_digest_the_latest_is_empty(library: Library) -> None:
    assert library.latest_digest() == ("", ())
