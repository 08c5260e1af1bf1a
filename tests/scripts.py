"""What a scripted model replies: statements with the number of the passage that holds certain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from kb.llm.scripted_server import ScriptedReply

Said = tuple[str, str, str]  # a statement, words of the passage that it cites, the words given as a quote


def passages(messages: list[dict[str, Any]]) -> dict[int, str]:
    """The numbered passages that a model was given."""
    asked = messages[1]["content"]
    found = re.findall(r'<(passage-\w+) n="(\d+)"[^>]*>\n(.*?)\n</\1>', asked, re.DOTALL)
    return {int(n): text for _, n, text in found}


def number_of(messages: list[dict[str, Any]], words: str) -> int:
    """The number of the passage that holds certain words; 99 if none does."""
    return next((n for n, text in passages(messages).items() if words in text), 99)


def in_json(*said: Said) -> Callable[[list[dict[str, Any]]], str]:
    """A reply in JSON: for each statement, the passage that holds the words, and its quote."""

    def reply(messages: list[dict[str, Any]]) -> str:
        statements = [
            {"text": text, "sources": [{"n": number_of(messages, words), "quote": quote}] if words else []}
            for text, words, quote in said
        ]
        return json.dumps({"statements": statements})

    return reply


def in_turn(
    *replies: str | ScriptedReply | Callable[[list[dict[str, Any]]], str],
) -> Callable[[list[dict[str, Any]]], Any]:
    """One reply after the other, some made from what was asked; the last goes on."""
    left = list(replies)

    def reply(messages: list[dict[str, Any]]) -> str | ScriptedReply:
        one = left.pop(0) if len(left) > 1 else left[0]
        return one(messages) if callable(one) else one

    return reply
