"""Write docs/commands.md from the commands' own help: `make docs`. A test fails when the page is behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from kb.cli.app import app

PAGE = Path(__file__).with_suffix(".md")
HEAD = """\
# Commands

Written by `make docs` from `kb … --help`. Every command takes `--home DIR` (else `KB_HOME`, else the system's
folder for application data) and `--json`; `--debug` anywhere shows a traceback instead of one line.

Exit codes: 0 well (also when there was nothing to find or to say), 1 some items failed and each is named, 2 the request
was wrong, 3 the store or the disk cannot be used, 130 stopped by Ctrl-C.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    _add(parts, typer.main.get_command(app), "kb", None)
    return "\n".join(parts)


def _add(parts: list[str], command: Any, name: str, parent: Any) -> None:
    context = command.context_class(command, info_name=name, parent=parent, max_content_width=96, terminal_width=96)
    path = context.command_path
    parts.append(f"## `{path}`\n\n```\n{command.get_help(context).rstrip()}\n```\n")
    for child, sub in getattr(command, "commands", {}).items():
        _add(parts, sub, child, context)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
