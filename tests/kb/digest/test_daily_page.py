"""docs/daily.md: what it tells people to install is well formed."""

from __future__ import annotations

import configparser
import plistlib
import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs" / "daily.md").read_text(encoding="utf-8")


def blocks(form: str) -> list[str]:
    return re.findall(rf"```{form}\n(.*?)```", PAGE, re.DOTALL)


def test_the_cron_line_has_five_times_and_a_command() -> None:
    (line,) = blocks("cron")
    assert re.match(r"\d+ \d+ \* \* \* KB_HOME=\S+ \S+/kb digest ", line)


def test_the_units_have_the_sections_that_systemd_asks_for() -> None:
    units = []
    for text in blocks("ini"):
        unit = configparser.ConfigParser(interpolation=None)
        unit.read_string(text)
        units.append(unit)
    service, timer = units
    assert "digest" in service["Service"]["ExecStart"]
    assert timer["Timer"]["OnCalendar"] == "*-*-* 06:30"


def test_the_property_list_is_one() -> None:
    (text,) = blocks("xml")
    row = plistlib.loads(text.encode())
    assert row["ProgramArguments"][1] == "digest"
