"""Subscription lists: nested outlines are topics, and what is malformed is read as far as it goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feeds import opml
from ingest.feeds.opml import NotOpml, Subscription

ONE = '<outline type="rss" text="Moss" xmlUrl="https://a.example/moss.xml"/>'


def a_list(body: str) -> str:
    return f'<?xml version="1.0"?><opml version="2.0"><head><title>T</title></head><body>{body}</body></opml>'


def read(text: str) -> list[Subscription]:
    return opml.read(text)[0]


def test_outlines_above_a_feed_are_its_topics() -> None:
    nested = a_list(f'<outline text="Science"><outline text="Plants">{ONE}</outline></outline>')
    assert read(nested) == [Subscription("https://a.example/moss.xml", "Moss", ("Science", "Plants"))]


def test_a_feed_that_is_named_twice_is_one_with_both_topics() -> None:
    twice = a_list(f'<outline text="A">{ONE}</outline><outline text="B">{ONE}</outline>')
    assert read(twice) == [Subscription("https://a.example/moss.xml", "Moss", ("A", "B"))]


def test_an_address_of_another_kind_is_named_and_the_rest_is_read() -> None:
    bad = '<outline text="Bad" type="rss" xmlUrl="{}"/>'
    hosts = ["javascript:alert(1)", "file:///etc/passwd", "http://", "https://me:secret@a.example/f"]
    found, refused = opml.read(a_list("".join(bad.format(h) for h in hosts) + ONE))
    assert [one.title for one in found] == ["Moss"]
    assert len(refused) == len(hosts)
    assert "secret" not in str(refused)


MALFORMED = {
    "no end": a_list(ONE)[:-10],
    "no head": f"<opml>{ONE}</opml>",
    "no root": f"{ONE}",
    "an ampersand": a_list('<outline text="A & B" xmlUrl="https://a.example/f?a=1&b=2"/>'),
    "no quotes": a_list("<outline text=Moss xmlUrl=https://a.example/moss.xml>"),
    "upper case": a_list(ONE).replace("outline", "OUTLINE").replace("xmlUrl", "XMLURL"),
    "control characters": a_list(ONE).replace("Moss", "Mo\x00\x0bss"),
    "words around it": f"My feeds:\n{a_list(ONE)}\nbye",
    "wrong nesting": a_list(f"<outline text='x'>{ONE}</body></outline>"),
    "a bomb of entities": '<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    + a_list(f"<outline text='&b;'/>{ONE}").partition("?>")[2],
    "another encoding named": a_list(ONE).replace('version="1.0"', 'version="1.0" encoding="utf-16"', 1),
    "no type": a_list('<outline title="Moss" xmlUrl="https://a.example/moss.xml"/>'),
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_list_is_read_as_far_as_it_goes(text: str) -> None:
    assert len(read(text)) == 1


@pytest.mark.parametrize("text", ["", "  \n", "just words", "<html><p>a page</p></html>"])
def test_what_is_no_list_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotOpml):
        opml.read(text)


TITLES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).map(str.split).map(" ".join)


TOPICS = st.lists(TITLES.filter(lambda t: t and not {",", "/"} & set(t)), max_size=3, unique=True)


@given(st.lists(st.tuples(TITLES.filter(bool), TOPICS), max_size=5))
def test_what_is_written_is_read_again(rows: list[tuple[str, list[str]]]) -> None:
    made = [Subscription(f"https://a.example/{n}", title, tuple(tags)) for n, (title, tags) in enumerate(rows)]
    if made:
        found = {one.url: one for one in read(opml.write(made))}
        assert {url: set(found[url].tags) for url in found} == {one.url: set(one.tags) for one in made}
    else:
        assert read(opml.write(made)) == []
