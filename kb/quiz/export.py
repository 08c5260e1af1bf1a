"""Cards for other programs: Anki's packages, and Markdown for Obsidian's Spaced Repetition plugin.

A card keeps its id wherever it goes, so that a second export updates the first and never doubles it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from kb.errors import StoreError
from kb.quiz.cards import Card
from kb.text import atomic_write
from kb.text.markdown import plain
from kb.types import locators

# Chosen once by chance, as genanki asks: Anki knows the kind of note and the deck by them.
_MODEL, _DECK = 1_847_302_115, 2_059_400_110
_STYLE = (
    ".card { font-family: system-ui, sans-serif; font-size: 18px; text-align: left; max-width: 40em; margin: auto; }"
    ".about, .source { font-size: 14px; opacity: .75; } .quote { font-style: italic; }"
)
_FRONT = '<div class="about">{{About}}</div><div>{{Question}}</div><div>{{Options}}</div>'
_BACK = (
    '{{FrontSide}}<hr id="answer"><b>{{Answer}}</b><div class="quote">{{Quote}}</div>'
    '<div class="source">{{Source}} {{Link}}</div>'
)
_SCHEDULE = re.compile(r"(?P<sr><!--SR:[^\n]*-->)\n+\^(?P<id>q[0-9a-f]{12})\b")


def anki(cards: Sequence[Card], path: Path) -> None:
    """Write an `.apkg`, whole or not at all. Raises `StoreError`."""
    import genanki

    names = ("Question", "About", "Options", "Answer", "Quote", "Source", "Link", "Id")
    model = genanki.Model(
        _MODEL,
        "kb",
        fields=[{"name": name} for name in names],
        templates=[{"name": "Card", "qfmt": _FRONT, "afmt": _BACK}],
        css=_STYLE,
    )
    deck = genanki.Deck(_DECK, "kb")
    for card in cards:
        item = card.item
        about, question = _parts(item.question)
        options = "".join(f"<li>{escape(option)}</li>" for option in item.options)
        link = f'<a href="{escape(item.link)}">{escape(item.link)}</a>' if _opens(item.link) else escape(item.link)
        fields = [
            *(escape(question), escape(about), f"<ol type='a'>{options}</ol>" if options else "", escape(item.answer)),
            *(escape(_one_line(plain(item.quote))), escape(_source(card)), link, item.id),
        ]
        deck.add_note(genanki.Note(model=model, fields=fields, guid=item.id, tags=["kb", item.type]))
    atomic_write.put(path, lambda draft: genanki.Package(deck).write_to_file(str(draft)))


def obsidian(cards: Sequence[Card], path: Path) -> None:
    """Write a Markdown file; the schedules that the plugin wrote into an earlier one are kept. Raises `StoreError`."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read ({error}); nothing was written.") from None
    kept = {match["id"]: match["sr"] for match in _SCHEDULE.finditer(before)}
    parts = ["#flashcards/kb\n"]
    for card in cards:
        item = card.item
        about, question = _parts(item.question)
        options = [f"{chr(ord('a') + n)}) {_one_line(option)}" for n, option in enumerate(item.options)]
        front = "\n".join([*([f"*{_safe(about)}*"] if about else []), _safe(question), *map(_safe, options)])
        place = f"[{_safe(_source(card))}]({item.link})" if _opens(item.link) else _safe(_source(card))
        back = f"**{_safe(item.answer)}**\n“{_safe(_one_line(plain(item.quote)))}”\n{place}"
        schedule = f"\n{kept[item.id]}" if item.id in kept else ""
        parts.append(f"{front}\n?\n{back}{schedule}\n^{item.id}\n")
    data = "\n".join(parts).encode("utf-8", "replace")
    atomic_write.put(path, lambda draft: draft.write_bytes(data))


def _parts(question: str) -> tuple[str, str]:
    about, _, asked = question.partition("\n")
    return (about, asked) if asked else ("", question)


def _source(card: Card) -> str:
    return f"{card.item.title}, {locators.describe(card.item.locator)}"


def _opens(link: str) -> bool:
    return re.match(r"(?:https?|file)://", link) is not None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _safe(text: str) -> str:
    """A line that is no separator of cards and no markup of HTML."""
    one = _one_line(text)
    return re.sub(r"([<`])", r"\\\1", "\\?" if one == "?" else one).replace("::", ":\u200b:")
