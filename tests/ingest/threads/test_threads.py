"""Threads: comments as text, what answers what, and the files that threads come in."""

from __future__ import annotations

import json
import time
from pathlib import Path, PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.threads import formats, posts, recap
from ingest.threads.posts import ThreadPost
from kb.errors import IngestError
from kb.types.documents import Document
from kb.types.documents import Post as Place
from tests.builders import a_thread, read_any, read_file, texts


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("https://arxiv.org/abs/23<wbr>07.03172", "https://arxiv.org/abs/2307.03172"),
        ('<a href="#p123456789" class="quotelink">&gt;&gt;123456789</a><br>yes', ">>123456789\nyes"),
        ('<a href="/g/thread/5#p98000000" class="quotelink">&gt;&gt;98000000</a> no', ">>>/g/98000000 no"),
        ('<a href="/v/thread/1#p2" class="quotelink">&gt;&gt;&gt;/v/2</a>', ">>>/v/2"),
        ('<span class="deadlink">&gt;&gt;99999999</span>', ">>99999999"),
        ('<span class="quote">&gt;implying</span><br>yes', ">implying\nyes"),
        ("<s>a spoiler</s>", "a spoiler"),
        ('see<pre class="prettyprint">x = 1<br>y</pre>ok', "see\n```\nx = 1\ny\n```\nok"),
        ("&lt;b&gt; &amp;amp; &#039;", "<b> &amp; '"),
        ("<script>alert(1)</script>kek", "kek"),
        ("1 < 2 and <<not> html", None),
        ("", ""),
    ],
)
def test_a_comment_is_read_as_a_reader_sees_it(html: str, text: str | None) -> None:
    found = posts.text_of(html)
    assert text is None or found == text


@given(st.text(alphabet="<>/&;abrp \"'=#!-[]", max_size=120))
def test_no_html_breaks_the_reader(html: str) -> None:
    assert isinstance(posts.text_of(html), str)


def test_greentext_of_20_000_characters_is_read_at_once() -> None:
    began = time.perf_counter()
    text = posts.text_of('<span class="quote">&gt;' + "why " * 5000 + "</span>")
    assert len(text) == 20_000
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        (">>123456 and >>123456789012", (123456, 123456789012)),
        (">>>123456", ()),
        (">>>/g/123456789", ()),
        (">>12345", ()),
        (">>1234567890123", ()),
        (">>999999999 >>1000000000 >>999999999", (999999999, 1000000000)),
    ],
)
def test_a_quote_is_a_number_of_6_to_12_digits_in_its_own_thread(text: str, quotes: tuple[int, ...]) -> None:
    assert posts.quotes_of(text) == quotes


def test_posts_that_answer_one_another_are_a_chain_however_far() -> None:
    thread = a_thread(
        {1: "a first thing is said here", 2: ">>1 yes", 3: "something else is said here", 4: ">>2 >>3 both"}
    )
    assert [[p.no for p in chain] for chain in posts.chains(thread)] == [
        [100000001, 100000002, 100000003, 100000004],
    ]


def test_a_post_alone_is_kept_only_if_it_says_something() -> None:
    thread = a_thread({1: "lol", 2: "this one has quite some words in it", 3: "https://example.org/x"})
    assert [[p.no for p in chain] for chain in posts.chains(thread)] == [[100000002], [100000003]]


def test_what_is_quoted_and_not_there_is_kept_as_dangling() -> None:
    thread = a_thread({1: ">>99999999 was deleted, I think"})
    assert posts.edges(thread) == [(100000001, 99999999)]
    assert posts.dangling(thread) == [99999999]


def test_posts_that_quote_each_other_in_a_circle_are_one_chain() -> None:
    thread = a_thread({1: ">>2 first", 2: ">>3 second", 3: ">>1 third"})
    assert len(posts.chains(thread)) == 1


def test_numbers_that_roll_over_to_ten_digits_stay_in_order() -> None:
    thread = [
        ThreadPost(999999999, 0, "the last of nine digits here"),
        ThreadPost(1000000000, 0, ">>999999999 ok", (999999999,)),
    ]
    assert [[p.no for p in chain] for chain in posts.chains(thread)] == [[999999999, 1000000000]]


@given(st.lists(st.lists(st.integers(0, 30), max_size=3), min_size=1, max_size=30))
def test_chains_are_the_connected_components(targets: list[list[int]]) -> None:
    thread = [
        ThreadPost(100000 + n, 0, "five words are in here", tuple(100000 + t for t in quoted))
        for n, quoted in enumerate(targets)
    ]
    found = [{p.no for p in chain} for chain in posts.chains(thread)]
    assert sorted(no for chain in found for no in chain) == [p.no for p in thread]
    for no, target in posts.edges(thread):
        assert any(no in chain and target in chain for chain in found) or target not in {p.no for p in thread}


def test_every_edge_of_a_thread_of_300_posts_is_found(tmp_path: Path) -> None:
    rows, wanted = [{"no": 100000000, "resto": 0, "com": "An opening post of some words", "time": 1}], set()
    for n in range(1, 300):
        targets = {100000000 + (n * k) % n for k in (3, 7)} | ({99999999} if n % 50 == 0 else set())
        com = "".join(f'<a href="#p{t}" class="quotelink">&gt;&gt;{t}</a><br>' for t in sorted(targets))
        rows.append({"no": 100000000 + n, "resto": 100000000, "com": com + f"reply {n}", "time": n})
        wanted |= {(100000000 + n, t) for t in targets}
    thread = formats.parse(json.dumps({"posts": rows}), PurePath("/g/thread/100000000.json"))
    assert thread is not None
    assert set(posts.edges(thread.posts)) == wanted
    assert posts.dangling(thread.posts) == [99999999]


@pytest.mark.data
def test_every_edge_of_a_real_thread_is_found(data: Path) -> None:
    path = data / "data/threads/thread-v-456354102.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["posts"]
    wanted = {(row["no"], int(part.split('"')[0])) for row in rows for part in row.get("com", "").split('href="#p')[1:]}
    thread = formats.parse(path.read_text(encoding="utf-8"), path)
    assert thread is not None
    assert (thread.board, thread.no) == ("v", 456354102)
    assert set(posts.edges(thread.posts)) == wanted


def test_no_name_or_trip_is_kept(tmp_path: Path) -> None:
    row = {"no": 100000001, "resto": 0, "name": "Bob Namefag", "trip": "!tripcode", "com": "some words are said here"}
    document = read_file(tmp_path / "a.json", json.dumps({"posts": [row]}))
    assert "Namefag" not in repr(document)
    assert "tripcode" not in repr(document)


@pytest.mark.parametrize(
    ("name", "board"), [("thread-g-1.json", "g"), ("1.json", ""), ("x.json", "")], ids=["name", "number", "other"]
)
def test_the_board_is_taken_from_the_path(tmp_path: Path, name: str, board: str) -> None:
    row = {"posts": [{"no": 100000001, "com": "some words are said here"}]}
    assert read_file(tmp_path / name, json.dumps(row)).metadata.get("board", "") == board


def test_a_thread_without_a_board_has_no_permalink(tmp_path: Path) -> None:
    row = {"posts": [{"no": 100000001, "com": "some words are said here"}]}
    assert "url" not in read_file(tmp_path / "x.json", json.dumps(row)).metadata


def test_markup_of_a_post_is_nothing_but_text(tmp_path: Path) -> None:
    row = {
        "no": 100000001,
        "sub": "<img src=x onerror=alert(1)>t",
        "com": "&lt;script&gt;alert(1)&lt;/script&gt; is text",
    }
    document = read_file(tmp_path / "x.json", json.dumps({"posts": [{**row, "filename": "<b>", "ext": ".png"}]}))
    assert "onerror" not in document.title
    assert "<script>alert(1)</script> is text" in document.text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["posts", "op", "no", "com", "num", "Id", "Comment", "media"]), inner)
        ),
        max_leaves=15,
    )
)
def test_no_json_breaks_the_reader_of_threads(value: object) -> None:
    found = formats.parse(json.dumps(value), PurePath("/g/thread/1.json"))
    assert found is None or found.posts


def test_posts_stand_chain_by_chain_and_each_has_its_place(tmp_path: Path) -> None:
    rows = [
        {"no": 100000001, "com": "the opening post says this"},
        {"no": 100000002, "com": "somebody else says a thing of their own"},
        {"no": 100000003, "com": "&gt;&gt;100000001<br>a reply to the opening post"},
    ]
    document = read_file(tmp_path / "thread-g-100000001.json", json.dumps({"posts": rows}))
    assert [(s.locator, t) for s, t in zip(document.segments, texts(document), strict=True)] == [
        (Place(100000001, 100000001), "the opening post says this"),
        (Place(100000003, 100000001), "a reply to the opening post"),
        (Place(100000002, 100000002), "somebody else says a thing of their own"),
    ]


def test_what_is_no_thread_fails_by_name_when_it_is_called_one(tmp_path: Path) -> None:
    outcome = read_any(tmp_path / "a.json", '{"a": 1}', "thread")
    assert isinstance(outcome, IngestError)


def test_a_recap_is_read_and_its_ids_lead_to_posts(tmp_path: Path) -> None:
    text = "►Recent Highlights from the Previous Thread: >>100000001\n\n--What it was about:\n>100000012 >100000019\n"
    (found,) = recap.parse(text)
    assert (found.thread, found.blocks[0].posts) == (100000001, (100000012, 100000019))
    document = read_file(tmp_path / "a.txt", text)
    assert isinstance(document, Document)
    assert document.segments[0].locator == Place(100000012, 100000012)


def test_a_recap_that_is_written_is_read_back_the_same() -> None:
    blocks = [recap.Block("Anons discuss bread", (100000012, 100000019)), recap.Block("Paper: A title", (100000066,))]
    (found,) = recap.parse(recap.write(100000001, blocks))
    assert [(b.summary, b.posts) for b in found.blocks] == [(b.summary, b.posts) for b in blocks]


@given(st.text(alphabet="►>-: \n0123456789RecentHighlightsfromthePreviousThread", max_size=150))
def test_no_text_breaks_the_reader_of_recaps(text: str) -> None:
    found = recap.parse("►Recent Highlights from the Previous Thread: >>100000001\n" + text)
    assert found
    assert all(0 <= a <= b for one in found for block in one.blocks for a, b in block.spans)


HEAD = "►Recent Highlights from the Previous Thread: >>100000001"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_recap_is_one_whatever_its_line_ends(tmp_path: Path, end: str) -> None:
    text = end.join([HEAD, "", "--The new card is out:", ">100000012", ""])
    document = read_file(tmp_path / "a.txt", text)
    assert (document.kind, document.metadata["trust"]) == ("thread", "anonymous")


def test_a_note_that_holds_a_recap_is_a_note(tmp_path: Path) -> None:
    text = f"# My note\n\nMine.\n\n{HEAD}\n\n--About:\n>100000012\n\n## More of mine\n\nThe end.\n"
    assert read_file(tmp_path / "a.md", text).kind == "note"


def test_what_follows_a_block_is_no_part_of_it(tmp_path: Path) -> None:
    text = f"{HEAD}\n\n--About bread:\n>100000012\n\nWhy?: a limit of nine replies\n"
    assert texts(read_file(tmp_path / "a.txt", text)) == ["About bread"]


def test_two_recaps_in_a_file_keep_their_threads(tmp_path: Path) -> None:
    text = f"{HEAD}\n\n--One:\n>100000012\n\n{HEAD.replace('01', '99')}\n\n--Two:\n>100000113\n"
    assert [found.thread for found in recap.parse(text)] == [100000001, 100000099]


def test_a_summarisers_list_without_quotes_is_one_chain() -> None:
    text = "- Id: 100000001\n  Comment: one\n- Id: 100000002\n  Comment: two\n- Id: 100000003\n  Comment: three\n"
    thread = formats.parse(text, PurePath("x.yaml"))
    assert thread is not None
    assert [len(chain) for chain in posts.chains(thread.posts)] == [3]


@pytest.mark.parametrize(
    ("html", "gone"),
    [
        ('words<br><table class="exif" id="x"><tr><td>Make</td><td>Canon</td></tr></table>', "Canon"),
        ('words<span class="abbr">[EXIF data available.]</span>', "EXIF"),
        ('words<br><b style="color:red;">(USER WAS BANNED FOR THIS POST)</b>', "BANNED"),
        ("words \ud83d half", "\ud83d"),
    ],
)
def test_what_the_site_adds_and_half_an_emoji_are_no_words(html: str, gone: str) -> None:
    assert gone not in posts.text_of(html)
    assert posts.text_of(html).startswith("words")


def test_an_archives_own_marks_are_no_words() -> None:
    op = {"num": "1000001", "thread_num": "1000001", "comment": "[spoiler]kek[/spoiler] and [code]x = 1[/code]"}
    thread = formats.parse(json.dumps({"1000001": {"op": op}}), PurePath("x.json"))
    assert thread is not None
    assert thread.posts[0].text == "kek and \n```\nx = 1\n```"


def test_a_thread_without_posts_is_told(tmp_path: Path) -> None:
    outcome = read_any(tmp_path / "a.json", '{"posts": []}')
    assert isinstance(outcome, IngestError)
    assert outcome.reason == "the thread has no posts"


def test_a_saved_page_of_a_thread_is_anonymous(tmp_path: Path) -> None:
    html = """<html><head><link rel="canonical" href="https://boards.4chan.org/g/thread/1/x"></head><body>
    <div class="post"><blockquote class="postMessage">Marmots hibernate for exactly seven months of every year.
    </blockquote></div></body></html>"""
    metadata = read_file(tmp_path / "a.html", html).metadata
    assert (metadata["trust"], metadata["board"]) == ("anonymous", "g")
