"""Notes: what is content, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.notes.markdown import Notes
from ingest.source import TextFile
from ingest.text.decoding import Decoded
from kb.errors import IngestError, SkippedItem
from kb.types.documents import Document, Lines
from tests.builders import AN_OUTLINE, an_item, read_any, read_file, texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "My note.md"


def test_the_front_matter_gives_title_tags_and_date_and_is_no_content(file: Path) -> None:
    document = read_file(file, AN_OUTLINE)
    assert document.title == "Serving"
    assert document.metadata["tags"] == ["inference", "gpu/memory"]
    assert document.metadata["published"] == "2026-02-01"
    assert not any("2026" in text for text in texts(document))


def test_the_documents_text_is_the_files_own(file: Path) -> None:
    assert read_file(file, AN_OUTLINE).text == AN_OUTLINE


def test_bullets_keep_their_depth_and_lose_their_marker(file: Path) -> None:
    document = read_file(file, "- one\n\t- two\n\t\t* three\n\t\t\t1. four\n")
    assert [(s.depth, t) for s, t in zip(document.segments, texts(document), strict=True)] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
        (4, "four"),
    ]


def test_a_first_bullet_indented_by_a_tab_is_no_code(file: Path) -> None:
    document = read_file(file, "Intro here\n\n\t- one\n\t\t- two\n")
    assert [s.form for s in document.segments] == ["prose", "bullet", "bullet"]


def test_lines_and_headings_locate_a_segment(file: Path) -> None:
    document = read_file(file, AN_OUTLINE)
    last = document.segments[-1]
    assert last.locator == Lines(16, 16, ("Serving", "Splitting"))


def test_a_heading_with_nothing_under_it_is_content(file: Path) -> None:
    document = read_file(file, "# A\n\n## Holds only others\n\n### One fact stands here\n\n### B\n\ntext\n")
    assert texts(document) == ["One fact stands here", "B", "text"]


def test_a_heading_that_holds_only_headings_is_no_content(file: Path) -> None:
    assert "A" not in texts(read_file(file, "# A\n\n## B\n\ntext\n"))


def test_fences_are_one_segment_and_headings_in_them_are_none(file: Path) -> None:
    document = read_file(file, "text\n\n```sh\n# no heading\n- no bullet\n```\n")
    assert [s.form for s in document.segments] == ["prose", "code"]


def test_comments_and_generated_contents_are_dropped(file: Path) -> None:
    contents = "<!-- START doctoc -->\n- [A](#a)\n<!-- END doctoc -->\n\n"
    content = contents + "kept\n\n%% not this %%\n\n<!-- nor\nthis -->\n\nalso\n"
    assert texts(read_file(file, content)) == ["kept", "also"]


def test_marks_of_comments_in_code_are_only_code(file: Path) -> None:
    content = "Use `<!--` to begin one.\n\nThe zebra.\n\nUse `%%time` here.\n\nThe wombat.\n\nAnd `%%bash` there.\n"
    assert len(texts(read_file(file, content))) == 5


def test_an_unclosed_comment_swallows_nothing(file: Path) -> None:
    assert "The zebra." in " ".join(texts(read_file(file, "Words.\n\nHere <!-- it begins\n\nThe zebra.\n")))


def test_bullets_sixty_levels_deep_are_all_read(file: Path) -> None:
    content = "".join("\t" * n + f"- level {n}\n" for n in range(60)) + "\nThe end.\n"
    assert texts(read_file(file, content)) == [*(f"level {n}" for n in range(60)), "The end."]


def test_an_emoji_written_as_two_escapes_is_one_character(file: Path) -> None:
    assert read_file(file, '---\ntitle: "\\uD83D\\uDE00 party"\n---\nwords\n').title == "\U0001f600 party"


def test_tags_in_the_text_are_tags_and_those_in_code_headings_and_links_are_none(file: Path) -> None:
    content = (
        "---\ntags: [first]\n---\n# Heading #no\n\nWords #gpu/memory and #first, see [x](a#no) https://a.b/#no.\n\n"
        "- #todo-list `#no` [[Note#no]] C#no #123\n\n```\n#no\n```\n"
    )
    assert read_file(file, content).metadata["tags"] == ["first", "gpu/memory", "todo-list"]


def test_a_table_is_a_segment(file: Path) -> None:
    document = read_file(file, "| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert [s.form for s in document.segments] == ["table"]


def test_front_matter_that_is_no_yaml_is_kept_as_text_with_a_warning(file: Path) -> None:
    document = read_file(file, "---\ntitle: [unclosed\ntags: : :\n---\n\nbody words\n")
    assert any("unclosed" in text for text in texts(document))
    assert "front matter" in document.metadata["warnings"][0]
    assert document.title == "My note"


def test_a_rule_of_dashes_is_no_front_matter(file: Path) -> None:
    assert texts(read_file(file, "---\nplain words\n---\n\nmore\n"))[0] == "plain words"


def test_wikilinks_in_front_matter_are_read(file: Path) -> None:
    assert read_file(file, '---\nauthor:\n  - "[[Ada]]"\n---\nbody\n').metadata["authors"] == ["Ada"]


def test_the_title_is_the_first_heading_else_the_files_name(file: Path) -> None:
    assert read_file(file, "# Top\n\ntext\n").title == "Top"
    assert read_file(file, "just text\n").title == "My note"


def test_an_empty_file_named_by_hand_fails(file: Path) -> None:
    outcome = read_any(file, "")
    assert isinstance(outcome, IngestError)
    assert outcome.reason == "it is empty"


def test_a_file_of_front_matter_only_in_a_folder_is_skipped(file: Path) -> None:
    assert isinstance(read_any(file, "---\ntitle: x\n---\n", named=False), SkippedItem)


def test_a_file_of_front_matter_only_says_that_it_holds_no_text(file: Path) -> None:
    outcome = read_any(file, "---\ntitle: x\n---\n")
    assert isinstance(outcome, IngestError)
    assert "no text" in outcome.reason


def test_crlf_and_lone_cr_count_as_lines_and_stay_in_the_text(file: Path) -> None:
    document = read_file(file, b"# T\r\n\r\none\r\n\r\n- two\r\n")
    assert [s.locator for s in document.segments][-1] == Lines(5, 5, ("T",))
    assert texts(document)[-1] == "two"


MARKDOWN = st.text(alphabet=st.sampled_from(list("ab \t\n\r#-*+>`~|[]()<!%=_:1.é\U0001f600\\$^")), max_size=300)


@given(MARKDOWN)
def test_offsets_always_index_the_text_in_order(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.md"
    last = 0
    for outcome in Notes().read(TextFile(an_item(path), Decoded(text, "utf-8"))):
        if not isinstance(outcome, Document):
            continue
        assert outcome.text == text
        for segment in outcome.segments:
            assert last <= segment.start_char < segment.end_char <= len(text)
            last = segment.end_char
            assert isinstance(segment.locator, Lines)
            assert 1 <= segment.locator.start <= segment.locator.end <= text.count("\n") + text.count("\r") + 1


def test_the_mark_of_a_callout_and_the_id_of_a_block_are_no_words(file: Path) -> None:
    document = read_file(file, "> [!warning]- Mind the gap\n> It is wide. ^gap-1\n\n- an item ^x\n")
    assert texts(document) == ["Mind the gap\n> It is wide.", "an item"]


def test_a_power_of_two_is_no_block_id(file: Path) -> None:
    assert texts(read_file(file, "two to the 2^10\n")) == ["two to the 2^10"]


@pytest.mark.parametrize("date", ["2024-02-30", "2024-13-01", "someday"])
def test_an_impossible_date_costs_only_itself(file: Path, date: str) -> None:
    document = read_file(file, f"---\ntitle: T\ntags: [a]\ndate: {date}\n---\n\nbody words\n")
    assert (document.title, document.metadata["tags"]) == ("T", ["a"])
    assert "published" not in document.metadata
    assert texts(document) == ["body words"]


def test_of_front_matter_that_is_no_yaml_what_can_be_read_is_known(file: Path) -> None:
    document = read_file(file, "---\ntitle: T\ndate: {{date}}\ntags:\n  - a\n  - b\n---\n\nbody words\n")
    assert (document.title, document.metadata["tags"]) == ("T", ["a", "b"])


def test_percent_signs_in_prose_are_no_comment(file: Path) -> None:
    text = "Growth was 5%% then.\n\nTurbines spin.\n\nLosses were 7%% now.\n"
    assert len(texts(read_file(file, text))) == 3
    assert len(texts(read_file(file.with_suffix(".txt"), "a %% b\n\nTurbines spin.\n\nc %% d\n"))) == 3
