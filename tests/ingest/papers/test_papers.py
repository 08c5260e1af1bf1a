"""Papers: pages, columns, sections, what is no claim, and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunking import chunker as chunking
from index.models.embedder import Embedder
from ingest.papers import pdf, source
from ingest.papers.source import Papers
from kb.errors import IngestError
from kb.library import Library
from kb.summaries import papers
from kb.types.documents import Document, Page
from tests.builders import a_page, a_pdf, an_item, read_any, read_file, texts

ABSTRACT = [
    "It is unclear whether small models can cite what they read.",
    "We propose a checker that compares every quote with its source.",
    "Our results show that 97 percent of planted faults are caught.",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a paper.pdf"


def a_paper() -> bytes:
    return a_pdf(
        [
            (72, 760, 18, "Checking Quotes"),
            *a_page("Ann Lee", "Abstract", *ABSTRACT, "1 Introduction", "Quotes matter."),
        ],
        a_page(
            "2 Results",
            "The checker is fast and its memory is small enough for a telephone.",
            "3 Limitations",
            "We did not test it on recordings, and it may not hold for them.",
            "References",
            "[1] A. Body. A paper about nothing that we show. 2020.",
            "A Appendix of proofs",
            "The proof is short.",
        ),
    )


def place_of(document: Document, words: str) -> Page:
    (segment,) = [s for s in document.segments if words in document.text[s.start_char : s.end_char]]
    assert isinstance(segment.locator, Page)
    return segment.locator


def test_a_paragraph_is_located_by_its_page_and_section(file: Path) -> None:
    document = read_file(file, a_paper())
    assert place_of(document, "The checker is fast") == Page(2, ("2 Results",))


def test_without_a_title_of_its_own_a_paper_is_called_by_its_largest_words(file: Path) -> None:
    assert read_file(file, a_paper()).title == "Checking Quotes"


def test_the_files_own_title_comes_first(file: Path) -> None:
    assert read_file(file, a_pdf(a_page("Some words here to read."), title="Its name")).title == "Its name"


def test_references_are_kept_and_not_searched_and_the_appendix_is(file: Path) -> None:
    document = read_file(file, a_paper())
    assert "A. Body" in document.text
    assert not any("A. Body" in text for text in texts(document))
    assert any("The proof is short" in text for text in texts(document))


def test_a_word_that_a_lines_end_cut_is_put_together(file: Path) -> None:
    document = read_file(
        file, a_pdf(a_page("The transfor-", "mer attends to state-", "of-the-art things", "state-of-the-art"))
    )
    assert "transformer" in document.text
    assert "to state-of-the-art" in document.text


def test_heads_feet_and_page_numbers_are_left_out(file: Path) -> None:
    pages = [
        a_page(
            "Journal of Things, vol. 3",
            f"Words of page {w} stand here.",
            "More of it.",
            "And more.",
            "And so on.",
            str(n),
        )
        for n, w in enumerate(("one", "two", "three"), start=1)
    ]
    document = read_file(file, a_pdf(*pages))
    assert "Journal" not in document.text
    assert "Words of page two stand here." in document.text
    assert not any(line.strip() in ("1", "2", "3") for line in document.text.splitlines())


def test_a_sentence_over_two_pages_belongs_to_the_page_where_it_begins(file: Path) -> None:
    wide = "This line is as wide as lines of this paper are and goes on"
    document = read_file(file, a_pdf(a_page(wide, "and the sentence begins here and"), a_page("ends there. " + wide)))
    assert place_of(document, "begins here and ends there.").page == 1
    assert place_of(document, "This line is as wide as lines of this paper are and goes on and the").page == 1
    last = document.segments[-1]
    assert last.locator == Page(2)
    assert document.text[last.start_char :].startswith("This line")


def test_two_columns_drawn_row_by_row_are_read_one_after_the_other(file: Path) -> None:
    rows = []
    for n in range(12):
        rows += [(60.0, 700.0 - 14 * n, 10.0, f"left {n} goes on"), (320.0, 700.0 - 14 * n, 10.0, f"right {n} goes on")]
    text = read_file(file, a_pdf(rows)).text
    assert text.index("left 11") < text.index("right 0")


def test_a_table_of_numbers_is_not_taken_for_columns(file: Path) -> None:
    rows = []
    for n in range(12):
        rows += [(60.0, 700.0 - 14 * n, 10.0, f"row {n}"), (320.0 + 7 * n, 700.0 - 14 * n, 10.0, f"value {n}")]
    text = read_file(file, a_pdf(rows)).text
    assert text.index("value 0") < text.index("row 11")


def test_a_row_of_a_table_is_no_section(file: Path) -> None:
    document = read_file(
        file, a_pdf(a_page("1 Introduction", "Words of it.", "7 Zebras", "9 Lions", "2 Method", "More."))
    )
    assert place_of(document, "More.") == Page(1, ("2 Method",))
    assert place_of(document, "7 Zebras").heading == ("1 Introduction",)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04rest", "a zip archive or an office file"),
        (b"\x89PNG rest", "a PNG picture"),
        (b"<html>", "a web page"),
        (b"%PDF-1.4\nno more of it", "damaged"),
        (a_pdf([]), "no text layer"),
        (a_pdf(a_page("12"), a_page("13")), "no text layer"),
        (b"", "it is empty"),
    ],
)
def test_what_cannot_be_read_says_why(file: Path, data: bytes, reason: str) -> None:
    outcome = read_any(file, data)
    assert isinstance(outcome, IngestError)
    assert reason in outcome.reason


def test_a_page_without_text_among_others_is_told(file: Path) -> None:
    document = read_file(file, a_pdf(a_page("A page with quite some words on it.", "And more."), []))
    assert document.metadata["warnings"] == ["no text on page 2"]


@settings(max_examples=60)
@given(at=st.integers(0, 2000), put=st.binary(max_size=20), cut=st.integers(0, 2500))
def test_no_damage_to_a_file_breaks_the_reader(at: int, put: bytes, cut: int) -> None:
    data = a_paper()
    data = (data[:at] + put + data[at + len(put) :])[:cut]
    for outcome in Papers().read(an_item(Path("/tmp/any.pdf")), data):
        assert isinstance(outcome, Document | IngestError)


@given(st.lists(st.lists(st.text(max_size=30).map(pdf.tidy).filter(bool), max_size=8), max_size=4))
def test_segments_hold_the_text_they_claim_and_pages_run_forward(pages: list[list[str]]) -> None:
    body = source._Body(pages)
    at, page = 0, 1
    for segment in body.segments:
        assert at <= segment.start_char < segment.end_char <= len(body.text)
        assert isinstance(segment.locator, Page)
        assert page <= segment.locator.page <= len(pages)
        at, page = segment.end_char, segment.locator.page


def test_a_paper_is_digested_into_what_it_asks_does_finds_and_where_it_ends(file: Path, embedder: Embedder) -> None:
    document = read_file(file, a_paper())
    made = chunking.chunk(document, embedder.count, embedder.window)
    digest = {c.breadcrumb[-1]: c.text for c in papers.passages(document, made, embedder.count, embedder.window)}
    assert digest == {
        "Asks": "Asks: It is unclear whether small models can cite what they read. (page 1)",
        "Does": "Does: We propose a checker that compares every quote with its source. (page 1)",
        "Finds": "Finds: Our results show that 97 percent of planted faults are caught. (page 1)",
        "Limits": "Limits: We did not test it on recordings, and it may not hold for them. (page 2)",
    }


def test_a_digest_is_found_and_never_quoted(file: Path, library: Library) -> None:
    file.write_bytes(a_paper())
    library.ingest([file])
    hits = library.search("Limits of the checker on recordings", 10).hits
    assert any(hit.chunk.derived for hit in hits)
    answer = library.ask("What does the checker compare?")
    cited = {citation.chunk_id for citation in answer.citations}
    assert cited
    assert not cited & {hit.chunk.id for hit in hits if hit.chunk.derived}


@pytest.mark.data
def test_a_paper_that_needs_a_password_fails_by_name(data: Path) -> None:
    path = data / "data/papers/005-libreoffice-writer-password/libreoffice-writer-password.pdf"
    (outcome,) = Papers().read(an_item(path), path.read_bytes())
    assert isinstance(outcome, IngestError)
    assert "password" in outcome.reason


@pytest.mark.data
def test_a_typeset_paper_of_two_columns_is_read_column_by_column(data: Path) -> None:
    path = data / "data/papers/026-latex-multicolumn/multicolumn.pdf"
    (document,) = Papers().read(an_item(path), path.read_bytes())
    assert isinstance(document, Document)
    assert "consectetuer adipiscing elit. Ut purus elit" in document.text
    assert place_of(document, "Curabitur dictum gravida mauris").page == 1


REFERENCES = ["References", "[1] A. Body. On ice. Journal of Cold, 1998.", "[2] B. Else. On otters. 2003."]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["1 Glaciers", "Ice moves slowly."], ["2 Urchins", "Otters eat forty urchins a day."]),
        (["Results", "Ice moves slowly."], ["Methods", "Otters eat forty urchins a day."]),
        (["1 Glaciers", "Ice moves slowly."], ["Appendix A: Counting", "Otters eat forty urchins a day."]),
        (["I. INTRODUCTION", "Ice moves slowly."], ["APPENDIX A", "Otters eat forty urchins a day."]),
    ],
    ids=["book", "journal", "appendix", "ieee"],
)
def test_what_follows_the_references_is_searched_again(file: Path, before: list[str], after: list[str]) -> None:
    document = read_file(file, a_pdf(a_page(*before, *REFERENCES), a_page(*after)))
    assert any("forty urchins" in text for text in texts(document))
    assert not any("A. Body" in text for text in texts(document))


def test_the_word_references_on_a_slide_or_in_a_table_hides_nothing(file: Path) -> None:
    slides = [
        a_page("Outline", "Methods", "References"),
        a_page("Why otters matter", "Otters eat forty urchins a day."),
    ]
    assert any("forty urchins" in text for text in texts(read_file(file, a_pdf(*slides))))


def test_a_paper_that_is_mostly_references_is_told(file: Path) -> None:
    more = [f"[{n}] A. Body. Number {n} of many papers about ice. {1900 + n}." for n in range(3, 30)]
    document = read_file(file, a_pdf(a_page("1 Introduction", "Ice moves slowly.", *REFERENCES, *more)))
    assert "stands under its references" in document.metadata["warnings"][0]


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["We compare GPT-", "4 and others."], "GPT-4 and"),
        (["The Levenberg-", "Marquardt solver."], "Levenberg-Marquardt solver"),
        (["It is self-", "consistent."], "self-consistent"),
        (["A well-", "posed problem."], "well-posed"),
        (["All that non-", "sense here."], "nonsense"),
        (["The self-", "ish gene."], "selfish"),
    ],
)
def test_a_hyphen_at_a_lines_end_is_kept_where_the_word_has_it(file: Path, lines: list[str], joined: str) -> None:
    assert joined in read_file(file, a_pdf(a_page(*lines, "More of it."))).text


def test_roman_numbers_begin_sections_and_so_do_questions(file: Path) -> None:
    lines = ["I. INTRODUCTION", "Words.", "II. RELATED WORK", "Words.", "III. SETUP AND DATA", "We trained for days."]
    assert place_of(read_file(file, a_pdf(a_page(*lines))), "We trained") == Page(1, ("III SETUP AND DATA",))
    asks = read_file(file, a_pdf(a_page("1 Start", "Words.", "2 What is a block?", "It is a part.")))
    assert place_of(asks, "It is a part") == Page(1, ("2 What is a block?",))


def test_the_number_of_a_page_of_two_columns_is_no_word_of_it(file: Path) -> None:
    rows = [(300.0, 40.0, 10.0, "1")]
    for n in range(12):
        rows += [(60.0, 700.0 - 14 * n, 10.0, f"left {n} goes on"), (320.0, 700.0 - 14 * n, 10.0, f"right {n} goes on")]
    assert "on right 0" in read_file(file, a_pdf(rows)).text
