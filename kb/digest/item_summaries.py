"""One or two sentences that say what a link is about, true to its text.

Without a language model they are the text's own sentences; with one, what it writes is held against the text by the
same check as answers, and the text's own sentences stand in for what fails.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from index.search.bm25 import subject_words
from ingest.text.html import clip
from kb.answer import verify
from kb.answer.generate import FLOOR
from kb.answer.verify import CitedSource, Statement, Support
from kb.errors import LlmError
from kb.llm import prompts
from kb.llm.client import Llm, Message
from kb.text import sentences

MOST_CHARS = 360
_LONGEST_SENTENCE = 320
_FEWEST_WORDS = 4
_READ = 6000  # characters of a text that a summary is chosen from
_LOOKED_AT = 24
_FEWEST_LETTERS = 3
# What feeds and pages put around their words.
_BOILERPLATE = re.compile(
    r"\b(?:read (?:more|on|the (?:full|rest))|continue reading|click here|subscribe|sign up|newsletter|cookies?|"
    r"first appeared on|appeared first on|originally published|all rights reserved|share this|follow us|sponsored|"
    r"comments? url|article url|points: \d+|# comments)\b|^\s*(?:comments|advertisement|image|photo|credit)\b",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = re.compile(
    r"^(?:this|that|these|those|it|he|she|they|but|and|so|however|also|then)\b", re.IGNORECASE
)


def extractive(title: str, text: str) -> str:
    """The one or two sentences of a text that say most of it, word for word and in order; empty if it has none.

    Early sentences, with words of the title and words that the text says again, come first.
    """
    found = _sentences(text)
    if not found:
        return ""
    head = frozenset(subject_words(title))
    words = [frozenset(subject_words(s)) for s in found]
    counts: dict[str, int] = {}
    for each in words:
        for word in each:
            counts[word] = counts.get(word, 0) + 1

    def score(n: int) -> float:
        common = sum(counts[w] > 1 for w in words[n]) / (len(words[n]) + 2)
        shared = len(words[n] & head) / (len(head) + 1)
        begins = -0.3 if _POINTS_ELSEWHERE.match(found[n]) else 0.0
        # A sentence that is the title again tells nothing new below it.
        echo = -1.0 if head and len(words[n] - head) <= 1 else 0.0
        return 1.2 / (1 + 0.6 * n) + 0.8 * common + 0.6 * shared + begins + echo

    order = sorted(range(len(found)), key=lambda n: (-score(n), n))
    chosen = [order[0]]
    for n in order[1:]:
        new = len(words[n] - words[chosen[0]]) > 0.4 * len(words[n])
        fits = len(found[n]) + len(found[chosen[0]]) + 1 <= MOST_CHARS
        # What comes right after, or what can stand alone.
        if new and fits and (n == chosen[0] + 1 or not _POINTS_ELSEWHERE.match(found[n])):
            chosen.append(n)
            break
    return " ".join(found[n] for n in sorted(chosen))


def whole(text: str) -> str:
    """The beginning of a text without sentences to choose from (a few words, another script); empty if it is none."""
    words = " ".join(text[:_READ].split())
    says = sum(c.isalpha() for c in _BOILERPLATE.sub("", words)) >= _FEWEST_LETTERS
    return clip(words, MOST_CHARS) if says else ""


def _sentences(text: str) -> list[str]:
    out: list[str] = []
    for paragraph in re.split(r"\n+", text[:_READ]):
        for a, b in sentences.split(paragraph):
            sentence = paragraph[a:b].strip()
            fits = len(sentence) <= _LONGEST_SENTENCE and len(sentence.split()) >= _FEWEST_WORDS
            if fits and sum(c.isalpha() for c in sentence) > 0.5 * len(sentence) and not _BOILERPLATE.search(sentence):
                out.append(sentence)
        if len(out) >= _LOOKED_AT:
            break
    return out[:_LOOKED_AT]


def key(title: str, text: str, model: str) -> str:
    """What a written summary is kept under: the model, the prompt, and what it was written from."""
    said = "\x1f".join((model, str(prompts.SUMMARY_VERSION), title, text[:_READ]))
    return "summary:" + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def written(title: str, text: str, llm: Llm, support: Support) -> str:
    """A model's summary, each sentence of which the text bears; empty where none does. Raises `LlmError`."""
    told = f"Title: {title}\n\n{text[:_READ]}"
    said = llm.write([Message("system", prompts.SUMMARY), Message("user", told)], 200)
    parts = _whole_sentences(" ".join(said.split()))[:2]
    if not parts:
        raise LlmError(f"The model {llm.name} wrote no sentence.")
    statements = [Statement(part, (1,)) for part in parts]
    verdicts = verify.check(statements, [CitedSource(1, f"{title}. {text[:_READ]}")], support, FLOOR)
    borne = [verdict.statement.text for verdict in verdicts if verdict.supported]
    return " ".join(borne)


def _whole_sentences(text: str) -> Sequence[str]:
    return [text[a:b] for a, b in sentences.split(text) if len(text[a:b].split()) >= _FEWEST_WORDS]
