"""Write docs/commands.md and docs/settings.md from the program itself: `make docs`. A test fails when one is behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from kb.cli.app import app
from kb.config import Config

PAGE = Path(__file__).with_suffix(".md")
SETTINGS_PAGE = PAGE.with_name("settings.md")
HEAD = """\
# Commands

Written by `make docs` from `kb … --help`. Every command takes `--home DIR` (else `KB_HOME`, else the system's
folder for application data) and `--json`; `--debug` anywhere shows a traceback instead of one line.

Exit codes: 0 well (also when there was nothing to find or to say), 1 some items failed and each is named, 2 the request
was wrong, 3 the store or the disk cannot be used, 130 stopped by Ctrl-C.
"""


SETTINGS_HEAD = """\
# Settings

Written by `make docs` from kb/config.py. A setting is read from `config.toml` in the knowledge base's folder; a
variable goes over it. Lists take commas: `KB_ALLOW_HOSTS=127.0.0.1,feeds.example.org`. The file may hold no others.
Beside `config.toml` may lie `glossary.txt`, with names as recognisers mishear them: `misheard = meant`, one a line.

| in config.toml | variable | usual | |
|---|---|---|---|
"""


def settings_page() -> str:
    """Every setting with its variable, its default and what it is for."""
    rows = []
    for name, field in Config.model_fields.items():
        usual = "the system's folder" if field.default_factory else str(field.default).strip("[]").replace("'", "")
        rows.append(
            f"| `{name}` | `KB_{name.upper()}` | {'' if usual in ('', 'None') else usual} | {field.description} |"
        )
    return SETTINGS_HEAD + "\n".join(rows) + "\n"


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
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")
    print(f"wrote {PAGE} and {SETTINGS_PAGE}")
