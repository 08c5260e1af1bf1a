"""What an ingest does beside reading: what it takes up again, what it forgets, what it removes, what moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from index.storage.catalog import Catalog
from index.writer import Writer
from ingest import discovery
from ingest.net import urls
from ingest.net.urls import path_of
from ingest.notes import wikilinks
from ingest.source import Item
from kb.errors import IngestError, MassRemoval
from kb.types.documents import Metadata

# More than this share of a folder's sources gone at once is rather a disk that is not mounted.
_MOST_PRUNED = 0.2
Found = Sequence[Item | IngestError]
Named = Sequence[str | Path]


def left_before(catalog: Catalog, writer: Writer | None) -> list[str | Path]:
    """What failed and is still there, and what an interrupted run did not come to; what is gone is forgotten."""
    there: list[str | Path] = []
    for uri in [*catalog.queued(), *(failure.uri for failure in catalog.failures())]:
        path = path_of(uri)
        if path is None or path.exists():
            there.append(path or uri)
        elif writer is not None:
            forget(writer.catalog, [uri])
    return there


def forget(catalog: Catalog, uris: Iterable[str]) -> None:
    """Take uris off the lists of what failed and of what waits."""
    gone = list(uris)
    if gone:
        with catalog.transaction():
            catalog.unqueue(gone)
            for uri in gone:
                catalog.clear_failure(uri)


def queue(writer: Writer | None, found: Found) -> list[str]:
    """Note what is new before it is read, so that `kb sources list` tells what an interruption left."""
    if writer is None:
        return []
    known = writer.catalog.uris()
    waiting = [item.uri for item in found if isinstance(item, Item) and item.uri not in known]
    if waiting:
        with writer.catalog.transaction():
            writer.catalog.queue(waiting)
    return waiting


def retire(catalog: Catalog | None, writer: Writer | None, found: Found) -> int:
    """Remove the documents of files that now go under another's: what they say is found there. How many."""
    also = [uri for item in found if isinstance(item, Item) for uri in item.also]
    entries = [entry for uri in also if catalog is not None and (entry := catalog.entry_of(uri))]
    if entries and writer is not None:
        writer.remove([entry.id for entry in entries])
    return len(entries)


def no_longer_met(writer: Writer | None, named: Named, found: Found) -> None:
    """Forget what failed or waits under the named folders and is not met there any more: gone, or to be ignored."""
    if writer is None or not (roots := _roots(named)):
        return
    met = {item.uri for item in found} | {uri for item in found if isinstance(item, Item) for uri in item.also}
    catalog = writer.catalog
    told = {*catalog.queued(), *(failure.uri for failure in catalog.failures())}
    known = catalog.uris()
    forget(catalog, [uri for uri in told if uri.startswith(roots) and uri not in met and uri not in known])


def prune(catalog: Catalog, writer: Writer | None, named: Named, taken: set[str], many: bool) -> int:
    """Remove sources under the named folders whose files are gone; a folder that is itself gone removes nothing.

    Gives how many. Raises `MassRemoval` for more than a fifth, unless `many` are meant.
    """
    roots = _roots(named)
    under = [entry for entry in catalog.entries() if entry.uri.startswith(roots)] if roots else []
    gone = [
        entry
        for entry in under
        if entry.id not in taken and (path := path_of(entry.uri)) is not None and not path.exists()
    ]
    if len(gone) > _MOST_PRUNED * len(under) and not many:
        raise MassRemoval(len(gone), len(under))
    if gone and writer is not None:
        writer.remove([entry.id for entry in gone])
    return len(gone)


def _roots(named: Named) -> tuple[str, ...]:
    return tuple(urls.file_uri(path) + "/" for path in map(discovery.expanded, named) if path.is_dir())


def moved(metadata: Metadata, path: Path) -> Metadata:
    """What is known of a document whose file moved: its recording and its vault looked for at the new place."""
    return _moved_vault(_moved_media(metadata, path), path)


def _moved_media(metadata: Metadata, path: Path) -> Metadata:
    """What is known of a moved document, its recording looked for beside its new place."""
    if "media" not in metadata:
        return metadata
    old = path_of(metadata["media"])
    beside = path.with_suffix(old.suffix) if old is not None else path
    found: Metadata = {**metadata}
    if beside.is_file():
        found["media"] = beside.absolute().as_uri()
    elif old is None or not old.is_file():
        del found["media"]
    return found


def _moved_vault(metadata: Metadata, path: Path) -> Metadata:
    """What is known of a moved note, its place in a vault looked up anew."""
    found: Metadata = {**metadata}
    found.pop("vault", None)
    found.pop("vault_path", None)
    vault, place = wikilinks.vault_of(path)
    if vault and metadata.get("trust") == "own":
        found["vault"], found["vault_path"] = vault, place
    return found
