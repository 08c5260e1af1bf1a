"""Bytes to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text.decoding import decode


def test_utf8_is_read_as_it_is() -> None:
    assert decode("naïve — ☃".encode()).text == "naïve — ☃"


def test_a_byte_order_mark_is_dropped() -> None:
    assert decode(b"\xef\xbb\xbfhello").text == "hello"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read_with_and_without_their_mark(encoding: str) -> None:
    assert decode("Notes on speech: a good while.".encode(encoding)).text == "Notes on speech: a good while."


def test_cp1252_is_read_and_named() -> None:
    decoded = decode("the café’s “menu”, once more".encode("cp1252"))
    assert decoded.text == "the café’s “menu”, once more"
    assert "cp1252" in decoded.warning


def test_line_ends_are_kept() -> None:
    assert decode(b"a\r\nb\rc\n").text == "a\r\nb\rc\n"


@pytest.mark.parametrize("data", [b"", b"  \n\t "])
def test_an_empty_file_is_named_as_such(data: bytes) -> None:
    with pytest.raises(ValueError, match="empty"):
        decode(data)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256)) * 4, b"PK\x03\x04\x14\0\0\0"])
def test_a_binary_is_named_as_such(data: bytes) -> None:
    with pytest.raises(ValueError, match="binary"):
        decode(data)


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    try:
        text = decode(data).text
    except ValueError:
        return
    assert text.encode("utf-8")
