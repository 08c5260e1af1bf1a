"""Whom a question asks about: "what did Maria think of the cables" is answered by what Maria said."""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.search.bm25 import STOPWORDS

# Without a word of saying or thinking a name is the subject of the question, and others tell more about it.
_SAYS = re.compile(
    r"\b(?:sa(?:y|ys|id|ying)|th(?:ink|inks|inking|ought|oughts)|t(?:ell|ells|elling|old)|talk\w*|mention\w*|discuss\w*"
    r"|claim\w*|argu\w+|expla(?:in|nation)\w*|describ\w+|suggest\w*|propos\w+|recommend\w*|advi[cs]\w+|opinions?|views?"
    r"|attitudes?|ideas?|concern\w*|comment\w*|remark\w*|according|belie[fv]\w*|consider\w*|conclu\w+|answer\w*|repl\w+"
    r"|respon[ds]\w*|react\w*|ask(?:s|ed|ing)?|prefer\w*|want(?:s|ed)?|lik(?:e|es|ed)|fe(?:el|els|lt)|worr\w+"
    r"|(?:dis)?agree\w*|present(?:s|ed|ation)?|introduc\w+|learn\w*)\b",
    re.IGNORECASE,
)
_SHORTEST = 3


def asked_about(question: str, speakers: Iterable[str]) -> frozenset[str]:
    """Those of the speakers whose words a question asks for, by their whole name or a part of it.

    Of "PhD A" and "PhD B" one is asked for if its whole name stands in the question, both if only what they share does.
    """
    if not _SAYS.search(question):
        return frozenset()
    asked = re.findall(r"\w+", question.casefold())
    names = {name: re.findall(r"\w+", name.casefold()) for name in speakers}
    whole = {name for name, words in names.items() if _is_name(name, words, question) and _within(words, asked)}
    free = set(asked) - {word for name in whole for word in names[name]} - STOPWORDS
    return frozenset(
        name
        for name, words in names.items()
        if name in whole or any(len(word) >= _SHORTEST and word in free for word in words)
    )


def _is_name(name: str, words: list[str], question: str) -> bool:
    """Whether a label can be asked for; Will and A can, where the question writes them as names."""
    telling = "".join(word for word in words if word not in STOPWORDS)
    return len(telling) >= _SHORTEST or bool(words and re.search(rf"\W{re.escape(name)}\b", question))


def _within(words: list[str], asked: list[str]) -> bool:
    """Whether words stand side by side in a question."""
    return any(asked[n : n + len(words)] == words for n in range(len(asked) - len(words) + 1))
