"""Canonical addresses: one page, one address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.net import urls


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com:443/a#part", "https://example.com/a"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("https://example.com/a?utm_source=x&q=1&fbclid=2&gclid=3&ref=z", "https://example.com/a?q=1"),
        ("https://youtu.be/abc?t=5", "https://www.youtube.com/watch?v=abc&t=5"),
        ("https://m.youtube.com/watch?v=abc&feature=share&t=90s", "https://www.youtube.com/watch?v=abc&t=90s"),
        ("http://arxiv.org/pdf/2407.21783v2.pdf", "https://arxiv.org/abs/2407.21783"),
        ("https://arxiv.org/abs/hep-th/9901001v1", "https://arxiv.org/abs/hep-th/9901001"),
        ("https://example.com/a%2Fb/ü", "https://example.com/a%2Fb/%C3%BC"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("https://[::1]:8000/x", "https://[::1]:8000/x"),
    ],
)
def test_an_address_has_one_form(given_: str, wanted: str) -> None:
    assert urls.canonical(given_) == wanted


@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map("https://".__add__)))
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    once = urls.canonical(text)
    assert urls.canonical(once) == once


def test_punctuation_around_an_address_is_not_part_of_it() -> None:
    text = "See (https://a.b/c_(d)), [x](https://a.b/e) and <https://a.b/f>. Or **https://a.b/g**."
    assert [url for _, url in urls.in_text(text)] == [
        "https://a.b/c_(d)",
        "https://a.b/e",
        "https://a.b/f",
        "https://a.b/g",
    ]


@given(st.text(max_size=80))
def test_addresses_stand_where_they_are_said_to(text: str) -> None:
    text = f"{text} https://a.b/c {text}"
    assert all(text[at:].startswith(url) for at, url in urls.in_text(text))


@pytest.mark.parametrize("name", ["arxiv:2407.21783", "arXiv: 2407.21783v3", "https://arxiv.org/pdf/2407.21783v1"])
def test_a_paper_of_arxiv_is_known_by_its_id(name: str) -> None:
    assert urls.arxiv_id(name) == "2407.21783"
