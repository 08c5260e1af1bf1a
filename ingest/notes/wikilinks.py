"""Links that stand in a note: wikilinks and embeds to other notes, and addresses of the web.

Not those inside code; `[[4]](url)` is a footnote of Wikipedia's kind and no link to a note.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from ingest.net import urls
from ingest.text.spans import LineTable
from kb.types.documents import Link

_WIKILINK = re.compile(r"(!?)\[\[([^\[\]\r\n|#]*)(#[^\[\]\r\n|]*)?(?:\|([^\[\]\r\n]*))?\]\](?!\()")
_MARKDOWN_LINK = re.compile(r"\[([^\[\]\r\n]{1,300})\]\(<?(https?://[^\s<>]+)", re.IGNORECASE)
# Obsidian's other setting: `[label](folder/My%20note.md#Heading)`.
_MARKDOWN_NOTE = re.compile(
    r"(!?)\[([^\[\]\r\n]{0,300})\]\(<?(?![a-z][a-z+.-]*:)([^()<>\r\n#]+\.md)(#[^()<>\s]*)?>?\)", re.IGNORECASE
)
_CODE = re.compile(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)|(?<!`)(`+)(?!`)[^\r\n]*?(?<!`)\2(?!`)")


def links(text: str) -> list[Link]:
    """Every link of a note's whole text (front matter included), in order, each target and part once."""
    prose = _CODE.sub(lambda match: " " * len(match.group()), text)
    lines = LineTable(text)
    found: list[tuple[int, Link]] = []
    for match in _WIKILINK.finditer(prose):
        # In a table the bar of an alias is escaped.
        target, part = match[2].rstrip("\\").strip(), (match[3] or "").lstrip("#").strip()
        if target or part:
            label = (match[4] or target or part).strip()
            found.append((match.start(), _link("embed" if match[1] else "wiki", target, part, label)))
    for match in _MARKDOWN_NOTE.finditer(prose):
        target, part = unquote(match[3]).strip(), unquote(match[4] or "").lstrip("#")
        found.append((match.start(), _link("embed" if match[1] else "wiki", target, part, match[2].strip() or target)))
    labels = {match.start(2): match[1].strip() for match in _MARKDOWN_LINK.finditer(prose)}
    for at, url in urls.in_text(prose):
        found.append((at, _link("url", urls.canonical(url), "", labels.get(at, ""))))
    unique: dict[tuple[str, str, str], Link] = {}
    for at, link in sorted(found, key=lambda pair: pair[0]):
        link["line"] = lines.line_of(at)
        unique.setdefault((link["form"], link["target"].casefold(), link["part"].casefold()), link)
    return list(unique.values())


def _link(form: Literal["wiki", "embed", "url"], target: str, part: str, label: str) -> Link:
    return {"form": form, "target": target, "part": part, "label": label, "line": 0}


def vault_of(path: Path) -> tuple[str, str]:
    """The name of the Obsidian vault that a file lies in, and its path in it; both empty outside of one."""
    for folder in path.absolute().parents:
        if (folder / ".obsidian").is_dir():
            return folder.name, path.absolute().relative_to(folder).as_posix()
    return "", ""
