"""What sites ask of programs: robots.txt, by Protego. https://www.rfc-editor.org/rfc/rfc9309"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ingest.net.errors import FetchError
from ingest.net.http import USER_AGENT, Http

_MOST_BYTES = 500_000  # RFC 9309: at least 500 kibibytes must be read; more need not be
_LONGEST_PAUSE = 30.0  # seconds


@dataclass
class Robots:
    """The rules of the sites that were asked, each asked once. Usable from several threads."""

    http: Http
    _rules: dict[str, Any] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self, url: str, named: bool = False) -> str:
        """Why a page may not be read by a program; empty if it may.

        A site without rules allows all (4xx); one that fails to give them allows nothing (5xx). Raises `FetchError`
        where there is no server at all.
        """
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        with self._turn:
            known = site in self._rules
        if not known:
            rules = self._asked(f"{site}/robots.txt", named)
            with self._turn:
                self._rules[site] = rules
        rules = self._rules[site]
        if isinstance(rules, str):
            return rules
        if rules is None or rules.can_fetch(url, USER_AGENT):
            return ""
        return "its robots.txt asks programs not to read it"

    def _asked(self, url: str, named: bool) -> Any:
        from protego import Protego

        try:
            answer = self.http.get(url, named=named)
        except FetchError as error:
            if error.unreachable:
                raise
            refused = 400 <= error.status < 500 and error.status != 429
            return None if refused else f"its robots.txt cannot be had ({error})"
        try:
            rules = Protego.parse(answer.content[:_MOST_BYTES].decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
        pause = rules.crawl_delay(USER_AGENT)
        if pause:
            self.http.slow_down(urlsplit(url).hostname or "", min(float(pause), _LONGEST_PAUSE))
        return rules
