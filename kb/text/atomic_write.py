"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from kb.errors import StoreError, StoreFull


def put(path: Path, write: Callable[[Path], object], mode: int = 0o644) -> None:
    """Have `write` make a draft beside a file, then put it in its place, with this mode. Raises `StoreError`."""
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, suffix=".part")
        os.close(handle)
        draft = Path(name)
        try:
            write(draft)
            draft.chmod(mode)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StoreFull(str(path.parent)) from error
        raise StoreError(f"{path} cannot be written ({error.strerror}).") from None
