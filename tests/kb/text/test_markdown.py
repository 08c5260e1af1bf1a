"""Markdown as a reader sees it: what is markup, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text.markdown import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** and *italic* and __very bold__", "bold and italic and very bold"),
        ("_one_ ~~two~~ ==three==", "one two three"),
        ("[text](https://a.b/c_(d)) ![alt](x.png)", "text alt"),
        ("[[Note|alias]] and [[Other]]", "alias and Other"),
        ("a <b>tag</b><br/>here", "a tag here"),
        ("https://www.example.org/path?q=1", "example.org/path"),
    ],
)
def test_markup_goes(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Vec<Token> and stops if depth<max and count>limit",
        "$x_{i+1} = x_{i} - \\eta \\nabla_{\\theta} L$",
        "the `__init__` of `a*b*c`",
        "__init__ and _private and snake_case_name",
        "2**3 and a == b and c*d*e",
        "it costs $5 and then $10",
        "std::vector<int> x",
        "a < b > c",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert plain(text) == text


def test_a_bold_run_that_a_sentence_was_cut_from_loses_its_mark() -> None:
    assert plain("**The first sentence.") == "The first sentence."


@given(st.text(alphabet="ab *_`$<>[]()!~=/.:h", max_size=60))
def test_no_text_breaks_it_and_it_is_done_once(text: str) -> None:
    assert len(plain(text)) <= len(text)
