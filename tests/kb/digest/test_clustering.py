"""Stories: what several feeds tell of is one item, and look-alikes are not."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.models.embedder import Embedder
from kb.digest import clustering
from kb.digest.clustering import StoryItem

SET = Path(__file__).parents[2] / "data" / "stories" / "stories.json"
WORDS = "The makers of the Ferrite compiler say that it is twice as fast."


def told(
    title: str, summary: str = WORDS, feed: str = "A", day: float = 0.0, url: str = "", about: str = ""
) -> StoryItem:
    return StoryItem(
        url or f"https://{feed}.example/{title}".lower().replace(" ", "-"), title, summary, feed, day, about
    )


def grouped(embedder: Embedder, *items: StoryItem) -> list[list[int]]:
    return clustering.group(items, embedder.embed([clustering.text_of(item) for item in items]))


def test_the_made_set_of_a_hundred_stories_is_told_apart(embedder: Embedder) -> None:
    rows = json.loads(SET.read_text(encoding="utf-8"))["stories"]
    truth = [row["story"] for row in rows for _ in row["items"]]
    items = [
        StoryItem(i["url"], i["title"], i["summary"], i["feed"], clustering.day_of(i["published"]))
        for row in rows
        for i in row["items"]
    ]
    assert len(set(truth)) == 100
    of = {n: g for g, members in enumerate(grouped(embedder, *items)) for n in members}
    right = wrong = missed = 0
    for a, b in itertools.combinations(range(len(items)), 2):
        same, together = truth[a] == truth[b], of[a] == of[b]
        right, wrong, missed = (
            right + (same and together),
            wrong + (together and not same),
            missed + (same and not together),
        )
    assert 2 * right / (2 * right + wrong + missed) >= 0.9


def test_the_same_title_of_two_feeds_is_one_story(embedder: Embedder) -> None:
    assert grouped(embedder, told("Ferrite 2.1 is out", "x"), told("[R] Ferrite 2.1 is out | B", "y", "B")) == [[0, 1]]


def test_a_series_of_one_feed_is_no_story(embedder: Embedder) -> None:
    weekly = [
        told("Weekly reading list", f"Links of week {n}.", day=7.0 * n, url=f"https://a.example/{n}") for n in (1, 2)
    ]
    assert grouped(embedder, *weekly) == [[0], [1]]


def test_two_versions_of_one_tool_are_two_stories(embedder: Embedder) -> None:
    one = told("Ferrite 2.1 released", "New checks for async code.")
    assert grouped(embedder, one, told("Ferrite 3.0 released", "The parser was written anew.", "B", 6.0)) == [[0], [1]]


def test_what_lies_weeks_apart_is_another_story(embedder: Embedder) -> None:
    apart = told("Ferrite twice as fast", feed="B", day=20.0)
    assert grouped(embedder, told("Ferrite twice as fast"), apart) == [[0], [1]]


def test_a_page_and_its_discussion_are_one_story(embedder: Embedder) -> None:
    page = told("Ferrite", url="https://f.example/")
    talk = told(
        "What is this?", "Comments", "HN", url="https://news.ycombinator.com/item?id=1", about="https://f.example/"
    )
    assert grouped(embedder, talk, page) == [[0, 1]]


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("Show HN: A thing", "A thing"),
        ("[P] A thing", "A thing"),
        ("A thing | ByteWire", "A thing"),
        ("A thing - for everyone", "A thing - for everyone"),
        ("ByteWire", "ByteWire"),
    ],
)
def test_what_a_feed_puts_around_a_title_is_taken_off(title: str, bare: str) -> None:
    assert clustering.bare_title(title, "ByteWire") == bare


ITEMS = st.lists(
    st.builds(told, st.text(max_size=20), st.text(max_size=40), st.sampled_from("ABC"), st.floats(0, 30)), max_size=12
)


@given(ITEMS, st.randoms(use_true_random=False))
def test_every_item_is_in_one_story_whatever_it_says(items: list[StoryItem], random: object) -> None:
    vectors = np.random.default_rng(len(items)).normal(size=(len(items), 8)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    groups = clustering.group(items, vectors) if items else []
    assert sorted(n for group in groups for n in group) == list(range(len(items)))
