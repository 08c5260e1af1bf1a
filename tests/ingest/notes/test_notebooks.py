"""Notebooks: what of their JSON is text."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ingest.notes.notebooks import Notebooks
from ingest.source import TextFile
from ingest.text.decoding import Decoded
from kb.errors import IngestError
from kb.types.documents import Document
from tests.builders import an_item, read_any, read_file

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["cells", "source", "cell_type", "worksheets", "input", "level"]), inner)
    ),
    max_leaves=12,
)


def test_code_that_holds_a_fence_stays_one_block(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": 'x = """\n```\nfenced\n```\n"""'}
    document = read_file(tmp_path / "a.ipynb", json.dumps({"cells": [cell]}))
    assert [s.form for s in document.segments] == ["code"]


def test_a_notebook_of_version_3_is_read(tmp_path: Path) -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": ["Old"]}, {"cell_type": "code", "input": ["y = 2"]}]
    document = read_file(tmp_path / "a.ipynb", json.dumps({"worksheets": [{"cells": cells}]}))
    assert "## Old" in document.text
    assert "y = 2" in document.text


def test_what_is_no_notebook_fails_by_name(tmp_path: Path) -> None:
    outcome = read_any(tmp_path / "a.ipynb", "{broken")
    assert isinstance(outcome, IngestError)
    assert "no notebook" in outcome.reason


@given(JSON)
def test_no_json_breaks_the_reader(value: object) -> None:
    file = TextFile(an_item(Path("/tmp/any.ipynb")), Decoded(json.dumps(value), "utf-8"))
    assert all(isinstance(outcome, Document | IngestError) for outcome in Notebooks().read(file))
