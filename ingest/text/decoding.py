"""Bytes to text: UTF-8, UTF-16 and UTF-32 by their marks, UTF-16 by its zeros, else the best guess, named."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\r\f\x1b\x08")
_SAMPLE = 65536
_HEAD = 4096
_DECLARED = re.compile(
    rb"(?:<meta[^>]{0,200}?charset\s*=\s*[\"']?|<\?xml[^>]{0,100}?encoding\s*=\s*[\"'])([\w.:-]{2,40})", re.I
)
# Encodings whose bytes are all ASCII, so that they pass for UTF-8.
_SEVEN_BITS = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-7"})


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with its line ends kept and its byte-order mark dropped; `warning` says what was guessed."""

    text: str
    encoding: str
    warning: str = ""


def decode(data: bytes, declared: str = "") -> Decoded:
    """The text of a file's bytes; `declared` is the encoding that a server or the file itself names.

    Raises `ValueError` with the reason for a file that is empty or no text.
    """
    decoded = _decoded(data, declared) if data.strip() else None
    if decoded is None or not decoded.text.strip():
        raise ValueError("it is empty")
    return decoded


def declared_in(data: bytes) -> str:
    """The encoding that a page's `<meta>` or XML declaration names; empty if none."""
    match = _DECLARED.search(data[:_HEAD])
    return match[1].decode("ascii", "replace") if match else ""


def _decoded(data: bytes, declared: str) -> Decoded:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Decoded(data[len(mark) :].decode(encoding), encoding)
            except UnicodeDecodeError:
                text = data[len(mark) :].decode(encoding, errors="replace")
                return Decoded(text, encoding, f"bytes that are not {encoding} were replaced")
    wide = _utf16_without_mark(data)
    if wide:
        return Decoded(data.decode(wide), wide, f"read as {wide}, which it does not declare")
    if _looks_binary(data[:_SAMPLE]):
        raise ValueError("it is a binary file, not text")
    named = _codec(declared)
    if named and (named in _SEVEN_BITS or not _is_utf8(data)):
        try:
            return Decoded(data.decode(named), named)
        except (UnicodeDecodeError, ValueError):
            pass  # it names another than it is in
    return Decoded(data.decode("utf-8"), "utf-8") if _is_utf8(data) else _guess(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _codec(name: str) -> str:
    """Python's name of a text encoding; empty for what it does not know."""
    try:
        found = codecs.lookup(name.strip().strip("\"'")) if name.strip() else None
    except (LookupError, ValueError):
        return ""
    # Browsers read what calls itself Latin-1 as cp1252, and so it is meant.
    return {"iso8859-1": "cp1252", "ascii": ""}.get(found.name, found.name) if found and found._is_text_encoding else ""


def _utf16_without_mark(data: bytes) -> str:
    sample = data[:4096]
    if len(data) % 2 or len(sample) < 8:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # Latin text in UTF-16 has a zero in nearly every other byte and none between; binaries mix them.
        if zeros > 0.7 * half and others < 0.02 * half:
            try:
                data.decode(encoding)
            except UnicodeDecodeError:
                return ""
            return encoding
    return ""


def _looks_binary(sample: bytes) -> bool:
    if b"\0" in sample:
        return True
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in sample)
    return controls > 0.01 * len(sample)


def _guess(data: bytes) -> Decoded:
    """One-byte encodings: cp1252 where it fits, as it nearly always does for Western notes; else a library's guess."""
    try:
        text = data.decode("cp1252")
        # Mostly letters above ASCII means another alphabet (Cyrillic, Greek), for which cp1252 gives rubbish.
        high = sum(byte >= 0x80 for byte in data)
        if high < 0.2 * len(data):
            return Decoded(text, "cp1252", "not UTF-8; read as cp1252")
    except UnicodeDecodeError:
        pass  # five byte values mean nothing in cp1252: the library is asked instead
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    encoding = best.encoding if best is not None else "latin-1"
    return Decoded(data.decode(encoding, errors="replace"), encoding, f"not UTF-8; read as {encoding}")
