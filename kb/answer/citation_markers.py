"""Citation markers in written text: every form that models write, made one; held back while half written.

`【1】`, `[1, 2]`, `[^1]`, `[Source 1]` and `[1](http…)` become `[1]` and `[1] [2]`. Numbers that the evidence does not
have are left out, and the others are counted anew by first use. Code is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_OPEN, _CLOSE = r"\[［【", r"\]］】"
_MOST_HELD = 80
_MARKER = re.compile(
    rf"[{_OPEN}]\^?\s*(?:sources?|passages?|refs?|s|p)?\s*[:#.]?\s*"
    rf"(\d{{1,4}}(?:\s*(?:[,;&–—-]|and)\s*(?:sources?|s)?\s*\d{{1,4}})*)\s*(?:†[^{_CLOSE}\n]{{0,40}})?[{_CLOSE}](?:\([^()\s]*\))?",
    re.IGNORECASE,
)
# What may still become a marker when more text comes.
_BEGUN = re.compile(
    rf"[{_OPEN}]\^?\s*(?:s|so|sou|sour|sourc|sources?|p|pa|pas|pass|passa|passag|passages?|r|re|refs?)?\s*[:#.]?\s*"
    rf"[\d\s,;&–—andsource-]*(?:†[^{_CLOSE}\n]{{0,40}})?\Z",
    re.IGNORECASE,
)
_LINKED = re.compile(rf"[{_OPEN}][^{_OPEN}{_CLOSE}\n]*[{_CLOSE}](?:\([^()\s]*)?\Z")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_RANGE = re.compile(r"(\d+)\s*[–—-]\s*(?:sources?|s)?\s*(\d+)")
_WIDEST = 12


def numbers(inside: str) -> list[int]:
    """The numbers that a marker names: `1, 3` and `2-4`."""
    out: list[int] = []
    for part in re.split(r"[,;&]|and", inside):
        if (span := _RANGE.search(part)) and 0 < int(span[2]) - int(span[1]) < _WIDEST:
            out += range(int(span[1]), int(span[2]) + 1)
        else:
            out += [int(n) for n in re.findall(r"\d+", part)]
    return list(dict.fromkeys(out))


class Markers:
    """Text with markers as it comes, given on with the numbers that a reader sees.

    `known` are the numbers of the evidence. What `feed` and `close` give, put together, is the same however the text is
    cut into parts. `seen` has the evidence's numbers by first use: the first is shown as [1]; `unknown` those left out.
    """

    def __init__(self, known: Collection[int], seen: list[int] | None = None) -> None:
        self._known = frozenset(known)
        self._held = ""
        self.seen: list[int] = seen if seen is not None else []
        self.unknown: list[int] = []

    def feed(self, part: str) -> str:
        """What can be shown now that this part has come."""
        self._held += part
        safe = self._safe()
        ready, self._held = self._held[:safe], self._held[safe:]
        return self._shown(ready)

    def close(self) -> str:
        """What is left when no more comes."""
        rest, self._held = self._held, ""
        return self._shown(rest)

    def _safe(self) -> int:
        """How much of what is held can no longer change by what comes."""
        text = self._held
        safe = len(text)
        tick = self._open_code(text)
        if tick is not None:
            return tick
        for match in re.finditer(rf"[{_OPEN}]", text[-_MOST_HELD:]):
            at = max(0, len(text) - _MOST_HELD) + match.start()
            if _BEGUN.match(text, at) or _LINKED.match(text, at):
                safe = min(safe, at)
                break
        # White space before a marker that is left out goes with it.
        while safe > 0 and text[safe - 1] in " \t":
            safe -= 1
        return safe

    @staticmethod
    def _open_code(text: str) -> int | None:
        """Where code begins that has not ended."""
        for match in _CODE.finditer(text):
            unfinished = match.group().startswith("```") and not match.group()[3:].endswith("```")
            if unfinished or (match.end() == len(text) and match.group() in ("``", "`")):
                return match.start()
        bare = _CODE.sub(lambda m: " " * len(m.group()), text)
        tick = bare.rfind("`")
        return tick if tick >= 0 and "\n" not in bare[tick:] else None

    def _shown(self, text: str) -> str:
        out, at = [], 0
        for code in _CODE.finditer(text):
            out += [_MARKER.sub(self._renumbered, text[at : code.start()]), code.group()]
            at = code.end()
        out.append(_MARKER.sub(self._renumbered, text[at:]))
        return re.sub(r"[ \t]*\x00", "", "".join(out))

    def _renumbered(self, match: re.Match[str]) -> str:
        shown = []
        for n in numbers(match[1]):
            if n not in self._known:
                self.unknown.append(n)
                continue
            if n not in self.seen:
                self.seen.append(n)
            shown.append(f"[{self.seen.index(n) + 1}]")
        return " ".join(shown) or "\x00"


def found_in(text: str) -> list[int]:
    """The numbers of all markers of a text, each once, code left out."""
    bare = _CODE.sub(" ", text)
    return list(dict.fromkeys(n for match in _MARKER.finditer(bare) for n in numbers(match[1])))


def without(text: str) -> str:
    """A text without its markers; code stays as it is."""
    out, at = [], 0
    for code in _CODE.finditer(text):
        out += [re.sub(rf"[ \t]*{_MARKER.pattern}", "", text[at : code.start()], flags=re.IGNORECASE), code.group()]
        at = code.end()
    out.append(re.sub(rf"[ \t]*{_MARKER.pattern}", "", text[at:], flags=re.IGNORECASE))
    return "".join(out)


def before_stops(text: str) -> str:
    """A text whose markers stand before the end of their sentence: "It waits. [1]" is "It waits [1]."."""
    return re.sub(
        rf"([.!?…][\"”’')]*)((?:[ \t]*{_MARKER.pattern})+)",
        lambda m: f" {m[2].strip()}{m[1]}",
        text,
        flags=re.IGNORECASE,
    )
