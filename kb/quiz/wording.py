"""How an item reads: its question under what it is about, its explanation with the quote and the place."""

from __future__ import annotations

import re

from kb.quiz import validation
from kb.quiz.items import ItemType, QuizItem, id_of
from kb.text.markdown import plain
from kb.types import locators
from kb.types.answers import Citation, Level
from kb.types.search import Hit

_LONGEST_CONTEXT = 90


def made(
    type_: ItemType,
    citation: Citation,
    question: str,
    answer: str,
    options: tuple[str, ...],
    fact: str,
    level: Level,
    by: str = "kb",
) -> QuizItem:
    """An item from what its parts say; the explanation is the quote and its place."""
    place = f"{citation.title}, {locators.describe(citation.locator)}"
    told = " ".join(plain(citation.quote).split())
    return QuizItem(
        id=id_of(type_, question, answer, citation.document_id),
        type=type_,
        question=question,
        options=options,
        answer=answer,
        explanation=f"“{told}” ({place})",
        quote=citation.quote,
        fact=fact,
        document_id=citation.document_id,
        chunk_id=citation.chunk_id,
        kind=citation.kind,
        title=citation.title,
        uri=citation.uri,
        locator=citation.locator,
        link=citation.link,
        start_char=citation.start_char,
        end_char=citation.end_char,
        level=level,
        by=by,
    )


def under(hit: Hit, question: str, fact: str) -> str:
    """A question under what it is about: the title and the headings, but for those that give the answer away."""
    crumbs = [*hit.chunk.breadcrumb] or [hit.title]
    told = [
        crumb for crumb in dict.fromkeys(crumbs) if not validation.gives_away(crumb, fact) and not _is_address(crumb)
    ]
    context = " › ".join(short(crumb, 50) for crumb in told[:1] + told[1:][-1:])[:_LONGEST_CONTEXT]
    return f"{context}\n{question}" if context else f"In your sources\n{question}"


def short(text: str, most: int = 70) -> str:
    """A title, cut at a word."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def _is_address(crumb: str) -> bool:
    return re.search(r"\S+\.(?:com|org|io|ai|net)\b|/", crumb) is not None
