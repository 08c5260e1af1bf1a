"""The commands about what is followed: feeds, links, the daily digest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.options import Home, Json, Wait, opened, printed
from kb.errors import StoreError, UsageError

if TYPE_CHECKING:
    from index.storage.links import Mark

feeds_app = typer.Typer(help="Feeds that are followed.", no_args_is_help=True, rich_markup_mode=None)
links_app = typer.Typer(
    help="Links of feeds and digests, and their states.", no_args_is_help=True, rich_markup_mode=None
)

Tag = Annotated[list[str] | None, typer.Option("--tag", help="A topic; can be said again.")]
_FORMATS = ("md", "html", "atom", "json")


def add_to(app: typer.Typer) -> None:
    """Put these commands after those that are there."""
    app.add_typer(feeds_app, name="feeds")
    app.add_typer(links_app, name="links")
    app.command()(digest)


@feeds_app.command(name="add")
def add_feed(
    urls: Annotated[list[str], typer.Argument(metavar="URL", help="Of feeds, or of pages that name one.")],
    tag: Tag = None,
    weight: Annotated[float | None, typer.Option("--weight", help="How much its links count; 1 is usual.")] = None,
    wait: Wait = 0.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Follow feeds, and read them once."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console, safe
    from kb.digest import to_json as digest_json
    from kb.errors import IngestError

    added, failed = [], []
    with opened(home) as library:
        for url in urls:
            try:
                added.append(library.add_feed(url, _tidy(tag), weight, wait))
            except IngestError as error:
                failed.append((url, error.reason))
    if json:
        printed(
            {
                "feeds": [digest_json.feed(row) for row, _ in added],
                "failed": [{"feed": feed, "error": error} for feed, error in failed],
            }
        )
    else:
        out = console()
        for row, report in added:
            out.print(f"{row.id}  {safe(row.title or row.url)}: {report.added} new of {row.entries} entries")
        render_library.failed(failed)
    return 1 if failed else 0


@feeds_app.command(name="list")
def list_feeds(json: Json = False, home: Home = None) -> int:
    """List feeds: when each was read, and which fail and why."""
    from kb.cli.render import feeds as render_feeds
    from kb.cli.render.terminal import console
    from kb.digest import to_json as digest_json

    with opened(home) as library:
        rows = library.feeds()
    if json:
        printed({"feeds": [digest_json.feed(row) for row in rows]})
    else:
        render_feeds.feeds(console(), rows)
    return 0


@feeds_app.command(name="remove")
def remove_feeds(
    names: Annotated[list[str], typer.Argument(metavar="FEED", help="An id, an address or a title.")],
    json: Json = False,
    home: Home = None,
) -> int:
    """Follow feeds no longer; what was read from them stays."""
    from kb.cli.render.terminal import console, safe

    with opened(home) as library:
        gone = library.remove_feeds(names)
    if json:
        printed({"removed": [row.url for row in gone]})
    else:
        for row in gone:
            console().print(f"removed {safe(row.title or row.url)}")
    return 0


@feeds_app.command(name="import")
def import_feeds(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An OPML list; - reads it.")],
    json: Json = False,
    home: Home = None,
) -> int:
    """Follow the feeds of an OPML list; its outlines become topics. kb digest, or kb feeds fetch, reads them."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console
    from kb.library.feeds import read_list

    with opened(home) as library:
        found = library.import_feeds(read_list(file))
    if json:
        rows = [{"feed": name, "error": error} for name, error in found.refused]
        printed({"added": found.added, "known": found.known, "failed": rows})
    else:
        render_library.failed(found.refused)
        console().print(f"added {len(found.added)} known {len(found.known)} failed {len(found.refused)}")
    return 1 if found.refused else 0


@feeds_app.command(name="export")
def export_feeds(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; else it is printed.")] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Write the feeds as an OPML list."""
    with opened(home) as library:
        text = library.export_feeds()
        count = len(library.feeds())
    if file is not None:
        _write(file, text)
    if json:
        printed({"feeds": count, "file": str(file) if file is not None else None, **({} if file else {"opml": text})})
    elif file is None:
        sys.stdout.write(text)
    return 0


@feeds_app.command(name="fetch")
def fetch_feeds(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="FEED", help="Only these: ids, addresses, titles.", show_default=False)
    ] = None,
    full_text: Annotated[int, typer.Option("--full-text", min=0, help="Read this many new pages whole.")] = 0,
    wait: Wait = 0.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Ask the feeds for what is new, and read it."""
    from kb.cli import progress
    from kb.cli.render import feeds as render_feeds
    from kb.digest import to_json as digest_json

    with opened(home) as library, progress.stages() as tell:
        report = library.fetch_feeds(names or (), full_text, wait, tell)
    if json:
        printed(digest_json.fetched(report))
    else:
        render_feeds.fetched(report)
    return 1 if report.failed else 0


@links_app.command(name="list")
def list_links(
    everything: Annotated[bool, typer.Option("--all", help="Those that stand in notes, too.")] = False,
    unread: Annotated[bool, typer.Option("--unread", help="Only what is unread.")] = False,
    read: Annotated[bool, typer.Option("--read", help="Only what is read.")] = False,
    best: Annotated[bool, typer.Option("--best", help="Only the best.")] = False,
    tag: Annotated[str | None, typer.Option("--tag", help="Only this topic.")] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """List links, the latest first, with their states."""
    from kb.cli.render import feeds as render_feeds
    from kb.cli.render.terminal import console
    from kb.digest import to_json as digest_json

    if read and unread:
        raise UsageError("Say --read or --unread, not both.")
    state = "unread" if unread else "read" if read else None
    with opened(home) as library:
        found = library.links(everything, state, True if best else None, tag)
    if json:
        printed({"links": [digest_json.link(record) for record in found]})
    else:
        render_feeds.links(console(), found, narrowed=bool(state or best or tag))
    return 0


@links_app.command(name="mark")
def mark_links(
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="ID MARK", help="Ids or addresses, then: read, unread, best, notbest, +topic."),
    ],
    tag: Tag = None,
    untag: Annotated[list[str] | None, typer.Option("--untag", help="A topic to take away.")] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Mark links; the same twice is the same as once."""
    from kb.cli.render import feeds as render_feeds
    from kb.cli.render.terminal import console
    from kb.digest import to_json as digest_json

    names, mark = _marks(arguments, tag or [], untag or [])
    with opened(home) as library:
        found = library.mark_links(names, mark)
    if json:
        printed({"links": [digest_json.link(record) for record in found]})
    else:
        render_feeds.links(console(), found)
    return 0


def _marks(arguments: list[str], tags: list[str], untag: list[str]) -> tuple[list[str], Mark]:
    """The links that are named and what they are marked as. Raises `UsageError`."""
    from index.storage.links import Mark

    words = {"read", "unread", "best", "bestof", "best-of", "notbest", "not-best"}
    named = [a for a in arguments if a.casefold() not in words and a[:1] not in "+#"]
    said = {a.casefold().replace("-", "") for a in arguments if a.casefold() in words}
    if {"read", "unread"} <= said or (said & {"best", "bestof"} and "notbest" in said):
        raise UsageError("A link cannot be marked both ways.")
    added = [*tags, *(a[1:] for a in arguments if a[:1] in "+#" and a[1:])]
    mark = Mark(
        state="read" if "read" in said else "unread" if "unread" in said else None,
        best=True if said & {"best", "bestof"} else False if "notbest" in said else None,
        tags=tuple(_tidy(added)),
        untag=tuple(_tidy(untag)),
    )
    if not named:
        raise UsageError("ID is missing; kb links list shows the ids.")
    if mark == Mark():
        raise UsageError("Say what to mark: read, unread, best, notbest, --tag or --untag TOPIC.")
    return named, mark


def digest(
    since: Annotated[
        str | None, typer.Option("--since", help="Links of this day and later: 2026-05-01, 7d.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Links of this day and before.", show_default=False)
    ] = None,
    no_fetch: Annotated[bool, typer.Option("--no-fetch", help="Ask no feed and read no page.")] = False,
    form: Annotated[str, typer.Option("--format", help="md, html, atom or json.")] = "md",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write it here instead of printing it.")] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait if another kb is writing.")] = 60.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Say which new links are worth reading against what you know; kept as digests/DATE.md in the home."""
    from kb.cli import progress
    from kb.cli.render import feeds as render_feeds
    from kb.digest import render as daily_forms
    from kb.digest import to_json as digest_json
    from kb.library import to_json

    if form not in _FORMATS:
        raise UsageError(f"There is no format {form!r}. Formats are: {', '.join(_FORMATS)}.")
    if output is not None and (output.is_dir() or not output.absolute().parent.is_dir()):
        raise UsageError(f"{output} cannot be written: name a file in a folder that is there.")
    form = "json" if json else form
    with opened(home) as library:
        with progress.stages() as tell:
            made = library.digest(since, until, not no_fetch, wait, tell)
        followed = bool(library.feeds())
    if form == "json":
        text = to_json.dump(digest_json.digest(made)) + "\n"
    elif form == "md" and not made.items:
        text = ""
    else:
        text = {"md": daily_forms.markdown, "html": daily_forms.html, "atom": daily_forms.atom}[form](made)
    if output is not None and text:
        _write(output, text)
    elif text:
        sys.stdout.write(text)
    render_feeds.told(made, followed, form, output)
    return 1 if made.failed else 0


def _tidy(tags: list[str] | None) -> list[str]:
    return [tidy for tag in tags or [] if (tidy := " ".join(tag.lstrip("#").split()))]


def _write(path: Path, text: str) -> None:
    """Write a file the person named. Raises `StoreError`."""
    try:
        path.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}).") from None
