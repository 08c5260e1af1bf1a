"""`--batch`: a JSON line in, a JSON line out, for each item; a bad line costs only itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

from kb.errors import KbError, UsageError
from kb.library import to_json


def run(file: str, field: str, one: Callable[[str, dict[str, Any]], dict[str, Any]]) -> int:
    """Answer every line of a file (`-` is standard input); 1 if any line was bad, else 0.

    `one` gets the text of `field` and the whole line's object, and gives the line to print, its `id` filled in here.
    """
    bad = 0
    for n, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        batch_id: object = None
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise UsageError(f"line {n} is no JSON object")
            batch_id = row.get("id")
            text = row.get(field)
            if not isinstance(text, str):
                raise UsageError(f"line {n} has no {field!r}")
            out = {**one(text, row), "id": batch_id}
        except (ValueError, RecursionError) as error:
            out = {"id": batch_id, "error": f"line {n} is no JSON: {error}"}
        except KbError as error:
            if error.exit_code == 3:
                raise
            out = {"id": batch_id, "error": str(error)}
        bad += "error" in out
        print(to_json.dump(out), flush=True)
    return 1 if bad else 0


def _lines(file: str) -> Iterator[str]:
    if file == "-":
        yield from sys.stdin
        return
    try:
        with open(file, encoding="utf-8", errors="replace") as handle:
            yield from handle
    except OSError as error:
        raise UsageError(f"The batch file {file} cannot be read ({error.strerror}).") from None
