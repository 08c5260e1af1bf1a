"""Threads from their files: 4chan's JSON, FoolFuuka archives' JSON, lists of `Id / Comment / Attachment / Context`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import yaml

from ingest.threads.posts import Thread, ThreadPost, quotes_of, text_of

_BOARD_IN_PATH = (
    re.compile(r"/(\w{1,6})/(?:thread|res)/\d+"),
    re.compile(r"(?:^|/)thread-([a-z0-9]{1,6})-\d+[\w.-]*\Z", re.IGNORECASE),
    re.compile(r"/threads/(\w{1,6})/\d+\.json\Z"),
)
_TITLE_CHARS = 80
_BBCODE = re.compile(r"\[/?(spoiler|code|shiftjis|sjis|banned|moot|b|i|u|o|s|sub|sup|math|eqn)\]", re.IGNORECASE)
_NOTHING = re.compile(r"\s*(?:none\.?|null)?\s*\Z", re.IGNORECASE)


def parse(text: str, path: PurePath, board: str = "") -> Thread | None:
    """The thread of a file's text; None if it is none. `board` goes before what the path or the file says."""
    try:
        row = json.loads(text) if text.lstrip()[:1] in "{[" else _yaml(text)
    except (ValueError, RecursionError, yaml.YAMLError, TypeError):
        return None
    found = board.strip("/ ") or _board_of(path)
    if isinstance(row, dict) and isinstance(row.get("posts"), list):
        return _native(row["posts"], found or _word(row.get("board")), row.get("_seen"))
    if isinstance(row, dict) and row and all(isinstance(v, dict) and "op" in v for v in row.values()):
        return _foolfuuka(next(iter(row.values())), board.strip("/ "))
    if isinstance(row, list):
        return _listed(row, found)
    return None


def _yaml(text: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders


def _board_of(path: PurePath) -> str:
    whole = path.as_posix()
    return next((match[1] for pattern in _BOARD_IN_PATH if (match := pattern.search(whole))), "")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """A post's number, which some files write as text; 0 for what is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    return value if isinstance(value, int) and 0 < value < 10**15 else 0


def _native(rows: list[Any], board: str, kept: Any) -> Thread | None:
    """4chan's read-only JSON, `{"posts": […]}`."""
    posts: dict[int, ThreadPost] = {}
    parent = 0
    slug = ""
    for row in rows:
        if not isinstance(row, dict) or not (no := _number(row.get("no"))):
            continue
        # What an archive gave is plain text already.
        text = _clean(row["text"]) if isinstance(row.get("text"), str) else text_of(_word(row.get("com")))
        parent = parent or _number(row.get("resto")) or no
        slug = slug or _word(row.get("semantic_url"))
        posts[no] = ThreadPost(
            no=no,
            time=_number(row.get("time")),
            text=text,
            quotes=quotes_of(text),
            subject=text_of(_word(row.get("sub"))),
            file=_word(row.get("file"))
            or _file(_word(row.get("filename")) + _word(row.get("ext")), row.get("fsize"), row.get("filedeleted")),
            deleted=bool(row.get("deleted")),
        )
    seen = kept if isinstance(kept, dict) else {}
    return _thread(
        board, parent, posts, re.sub(r"[^\w]+", " ", slug).strip(), _word(seen.get("url")), bool(seen.get("gone"))
    )


def _foolfuuka(row: dict[str, Any], board: str) -> Thread | None:
    """An archive's JSON, `{"123": {"op": {…}, "posts": {"124": {…}}}}`."""
    more = row.get("posts")
    rows = [row["op"], *(more.values() if isinstance(more, dict) else more if isinstance(more, list) else [])]
    posts: dict[int, ThreadPost] = {}
    for item in rows:
        if not isinstance(item, dict) or not (no := _number(item.get("num"))):
            continue
        if _number(item.get("subnum")):
            continue  # what the archive's own users wrote
        # The plain comment is text already; only the processed one is HTML.
        raw = _word(item.get("comment_sanitized")) or _word(item.get("comment"))
        text = (
            _clean(_BBCODE.sub(lambda tag: "\n```\n" if tag[1] == "code" else "", raw))
            if raw
            else text_of(_word(item.get("comment_processed")))
        )
        media = item.get("media")
        name = _word(media.get("media_filename")) if isinstance(media, dict) else ""
        size = _number(media.get("media_size")) if isinstance(media, dict) else 0
        posts[no] = ThreadPost(
            no=no,
            time=_number(item.get("timestamp")),
            text=text,
            quotes=quotes_of(text),
            subject=_word(item.get("title")),
            file=_file(name, size, False),
            deleted=_number(item.get("deleted")) == 1,
        )
    op = row["op"] if isinstance(row["op"], dict) else {}
    named = op.get("board")
    short = board or (_word(named.get("shortname")) if isinstance(named, dict) else "")
    return _thread(short, _number(op.get("thread_num")) or _number(op.get("num")), posts, "", _word(op.get("_url")))


def _listed(rows: list[Any], board: str) -> Thread | None:
    """Lists of posts as summarisers take them: Id, Comment, Attachment, Context."""
    posts: dict[int, ThreadPost] = {}
    for row in rows:
        if not isinstance(row, dict):
            return None
        fields = {str(key).casefold(): value for key, value in row.items()}
        if not {"id", "comment"} <= fields.keys():
            return None
        no = _number(fields["id"])
        if not no:
            continue
        text = _said(fields["comment"])
        attached = _said(fields.get("attachment"))
        quotes = tuple(dict.fromkeys([*quotes_of(_said(fields.get("context"))), *quotes_of(text)]))
        posts[no] = ThreadPost(no, 0, text, quotes, "", attached)
    first = min(posts, default=0)
    if not any(post.quotes for post in posts.values()):
        # A summariser's list is one reply chain, whose quotes were taken out.
        posts = {no: replace(post, quotes=(first,) if no != first else ()) for no, post in posts.items()}
    return _thread(board, first, posts, "", "")


def is_empty(text: str) -> bool:
    """Whether a text is a thread without any posts."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and row.get("posts") == []


def _said(value: Any) -> str:
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return "" if _NOTHING.match(text) else text


def _file(name: str, size: Any, deleted: Any) -> str:
    if deleted:
        return "a file that was deleted"
    if not name.strip():
        return ""
    kilobytes = _number(size) // 1000
    return f"{name.strip()}{f' ({kilobytes} kB)' if kilobytes else ''}"


def _clean(text: str) -> str:
    """Text that a file can hold: no halves of emoji, no zeros."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "").strip()


def _thread(
    board: str, no: int, posts: dict[int, ThreadPost], slug: str, url: str, gone: bool = False
) -> Thread | None:
    if not posts:
        return None
    ordered = tuple(posts[n] for n in sorted(posts))
    opening = posts.get(no, ordered[0])
    first = next((line for line in opening.text.splitlines() if line.strip(" >`")), "")
    subject = opening.subject or slug or first.strip(" >")[:_TITLE_CHARS] or f"thread {no}"
    board = board if re.fullmatch(r"\w{1,6}", board) else ""
    title = f"/{board}/ {subject}" if board else subject
    page = f"https://boards.4chan.org/{board}/thread/{no}" if board else ""
    return Thread(board, no, title, ordered, url or page, gone)
