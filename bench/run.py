"""Measure quality and speed on this machine and write docs/benchmarks.md: `make bench` (about forty minutes).

    python bench/run.py [installs] [quality] [names] [speed] [embedding] [answers] [reader] [checks] [levels]
                        [overhead] [sync] [threads] [feeds] [quiz] [pages] [recordings] [kills]

Quality is scored by the shared scorer on what `kb search --batch` and `kb ask --batch` print. Times are ratios within
one run, against something everybody has.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import platform
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the other benches, by their package's name
from bench.tools import QA, ROOT, SHARED

PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = ROOT / "bench" / "out"
# By heading of the page: what it is called here, and the module whose `section` measures it.
SECTIONS = {
    "Installing": ("installs", "installs"),
    "Retrieval": ("quality", "quality"),
    "Misheard names": ("names", "names"),
    "Speed": ("speed", "speed"),
    "Embedding": ("embedding", "embedding"),
    "Answers without a language model": ("answers", "answers"),
    "The reader": ("reader", "reading"),
    "Checks": ("checks", "checks"),
    "Levels": ("levels", "levels"),
    "Before the first word": ("overhead", "overhead"),
    "Sync": ("sync", "sync"),
    "Threads": ("threads", "threads"),
    "Feeds and the digest": ("feeds", "feeds"),
    "Quizzes": ("quiz", "quiz"),
    "Pages": ("pages", "pages"),
    "Recordings": ("recordings", "recordings"),
    "Kills": ("kills", "kills"),
}


def keep_what_stands(names: list[str]) -> None:
    """Take the parts of a page that was written elsewhere for those that were not measured here, with their dates."""
    head, *sections = re.split(r"(?m)^(?=## )", PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    dates = re.findall(r"\d{4}-\d\d-\d\d", head)
    for section in sections:
        heading, _, body = section.partition("\n")
        name, _ = SECTIONS.get(heading.removeprefix("## "), ("", ""))
        if name in names and not (PARTS / f"{name}.md").exists():
            if dates and "Measured on " not in body:
                machine = re.search(r"This machine: (.*?), Python", head)
                body = f"\nMeasured on {dates[-1]}{f', on {machine.group(1)}' if machine else ''}.\n{body}"
            (PARTS / f"{name}.md").write_text(f"{heading}\n{body}".rstrip("\n") + "\n", encoding="utf-8")


def main() -> None:
    if not QA.is_dir():
        sys.exit(f"The judged collections are not at {SHARED}; set KB_TEST_DATA.")
    PARTS.mkdir(parents=True, exist_ok=True)
    names = [name for name, _ in SECTIONS.values()]
    keep_what_stands(names)
    modules = dict(SECTIONS.values())
    for name in sys.argv[1:] or names:
        section = importlib.import_module(f"bench.{modules[name]}").section
        with tempfile.TemporaryDirectory(prefix="kb-bench-") as folder:
            (PARTS / f"{name}.md").write_text(section(Path(folder)), encoding="utf-8")
    put_together(names)


def put_together(names: list[str]) -> None:
    """Write the page from the parts that there are."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    head = (
        "# Benchmarks\n\nWritten by `make bench`. The collections are those of the shared material (KB_TEST_DATA); "
        f"nothing of them is in this repository. This machine: {os.cpu_count()} cores, {cpu}, "
        f"Python {platform.python_version()}, no GPU; {dt.datetime.now(tz=dt.UTC).date().isoformat()}.\n\n"
    )
    written = [(PARTS / f"{name}.md").read_text(encoding="utf-8") for name in names if (PARTS / f"{name}.md").exists()]
    PAGE.write_text(head + "\n".join(written), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
