"""A conversation: what "it" stands for, and the last answer at another level without another search."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from index.filters import Filters
from index.models.embedder import Embedder
from index.models.reranker import Reranker
from index.retriever import Retriever
from index.search.bm25 import subject_words
from kb.answer import pipeline
from kb.answer.levels import check_level
from kb.answer.prepared import Prepared
from kb.errors import LlmError, UsageError
from kb.llm import prompts
from kb.llm.client import Llm, Message
from kb.text.keyphrases import keyphrases
from kb.types.answers import LEVELS, Answer, Level, Offer

_REMEMBERED = 6
_LONGEST_CONDENSED = 600
_STANDS_FOR = re.compile(
    r"\b(?:it|its|it's|they|them|their|theirs|this|that|these|those|he|she|him|her|his|hers|"
    r"the (?:former|latter|same))\b",
    re.IGNORECASE,
)
# "that" and the like after a noun or before a clause point at nothing that was said before.
_WITHIN = re.compile(
    r"\b\w+ (?:that|which) (?:is|are|was|were|has|have|can|does|\w+s|\w+ed)\b|\bis it (?:true|possible)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"^\s*(?:and|but|so|or|also|then)\b|^\s*(?:what|how) about\b|"
    r"^\s*(?:why|how|how so|when|where|who|really|since when|"
    r"for example|such as|in what way|how come|how much|how many|like what|an example|more|go on)\s*\??\s*$",
    re.IGNORECASE,
)
_TOPICS = (
    re.compile(r"^\s*(?:what(?:'s|’s| is| are| was| were)|who(?:'s|’s| is| are| was)|define|explain|describe|"
               r"tell me about|"
               r"what do (?:you|i|my notes|we) (?:know|say|have) about)\s+(.+)$", re.IGNORECASE),
    re.compile(r"^\s*(?:how|why|when|where|does|do|did|is|are|can|could|should|would|will|has|have)\s+"
               r"(?:(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have)\s+)?(.+)$", re.IGNORECASE),
)  # fmt: skip
_TOPIC_ENDS = re.compile(
    r"\s+(?:that|which|who|is|are|was|were|does|do|did|in|on|for|from|with|at|by|about|when|if|because|than|as|work|"
    r"works|mean|means|miss|help|make|makes|use|uses|need|needs|affect|affects|compare|differ|get|gets|and|or)\b.*$",
    re.IGNORECASE,
)
_MOST_TOPIC_WORDS = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, with the evidence that another level of it is told from."""

    prepared: Prepared
    answer: Answer


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a conversation is had with: a search, the embedder, a language model if one is set, offers of filters."""

    retriever: Retriever
    embedder: Callable[[], Embedder]
    llm: Llm | None
    offers: Callable[[str, Filters | None], tuple[Offer, ...]]
    reader: Reranker | None = None


class Conversation:
    """Questions that may lean on the ones before. Not shared between people: each has their own."""

    def __init__(self, means: Dependencies, level: str) -> None:
        self._means = means
        # The evidence of one turn may be megabytes: only the last is kept, of those before what was asked.
        self.last: Turn | None = None
        self._questions: list[str] = []
        self.level = check_level(level)

    def recall(self, questions: Sequence[str]) -> None:
        """Go on from questions of an earlier conversation, as they were understood, the latest last."""
        self._questions = [" ".join(question.split()) for question in questions if question.strip()][-_REMEMBERED:]

    def ask(
        self, question: str, level: str | None = None, k: int = 8, filters: Filters | None = None, trace: bool = False
    ) -> Generator[str, None, Answer]:
        """Ask; yields the answer as it comes and returns it. `searched` of it is the question as it was understood.

        Raises `UsageError` for an empty question or an unknown level.
        """
        chosen = self._chosen(level)
        means, llm = self._means, self._means.llm
        searched = condensed(question, self._questions, self._last_words(), llm)
        prepared = pipeline.prepare(
            means.retriever,
            means.embedder,
            question,
            k,
            filters,
            trace,
            searched=searched,
            for_model=llm is not None,
            offer=lambda text: means.offers(text, filters),
            reader=means.reader,
        )
        answer = yield from pipeline.tell(prepared, chosen, llm, means.embedder, reader=means.reader)
        self.last = Turn(prepared, answer)
        self._questions = [*self._questions, prepared.searched][-_REMEMBERED:]
        return answer

    def again(self, level: str) -> Generator[str, None, Answer]:
        """The last answer at another level, from the same evidence: nothing is searched.

        Raises `UsageError` if nothing was asked yet.
        """
        last = self.last
        if last is None:
            raise UsageError("Nothing was asked yet.")
        chosen = self._chosen(level)
        simpler = LEVELS.index(chosen) < LEVELS.index(last.answer.level)
        within = last.answer.text if simpler and not last.answer.abstained else ""
        answer = yield from pipeline.tell(
            last.prepared, chosen, self._means.llm, self._means.embedder, within, self._means.reader
        )
        self.last = Turn(last.prepared, answer)
        return answer

    def step(self, by: int) -> Generator[str, None, Answer]:
        """The last answer simpler (-1) or deeper (+1). Raises `UsageError` at either end."""
        if self.last is None:
            raise UsageError("Nothing was asked yet.")
        at = LEVELS.index(self.last.answer.level) + by
        if not 0 <= at < len(LEVELS):
            raise UsageError(f"{LEVELS[at - by]} is the {'simplest' if by < 0 else 'deepest'} level.")
        return self.again(LEVELS[at])

    def forget(self) -> None:
        """Begin anew."""
        self.last = None
        self._questions = []

    def _chosen(self, level: str | None) -> Level:
        self.level = check_level(level or self.level)
        return self.level

    def _last_words(self) -> list[str]:
        return [cited.quote for cited in self.last.answer.citations] if self.last is not None else []


def condensed(question: str, before: Sequence[str], said: Sequence[str] = (), llm: Llm | None = None) -> str:
    """A follow-up question so that it can be understood alone; the question itself if it can be already.

    `before` are the earlier questions as they were understood, `said` the words quoted last. By the model where one is
    set and answers, else by rule: what the last question was about is put in the place of "it".
    """
    asked = " ".join(question.split())
    if not before or not leans(asked):
        return asked
    if llm is not None and (made := _by_model(asked, before, llm)):
        return made
    topic = topic_of(before[-1]) or next(iter(keyphrases([before[-1], *said], most=1)), "")
    if not topic or topic.casefold() in asked.casefold():
        return asked
    pronoun = _pronoun(asked)
    short = len(topic.split()) <= _MOST_TOPIC_WORDS
    if pronoun is not None and short:
        owner = pronoun.group().lower() in ("its", "their", "his", "theirs", "hers") or (
            pronoun.group().lower() == "her" and re.match(r"\s+\w", asked[pronoun.end() :])
        )
        named = topic + ("’s" if owner else "")
        if pronoun.group().lower() == "it's":
            named = f"{topic} is"
        return f"{asked[: pronoun.start()]}{named}{asked[pronoun.end() :]}"
    bare = re.sub(r"^\s*(?:and|but|so|or|also|then)\b[,\s]*", "", asked, flags=re.IGNORECASE) or asked
    return f"{bare[0].upper()}{bare[1:].rstrip(' ?.!')}, about {topic}?"


def leans(question: str) -> bool:
    """Whether a question cannot be understood without the one before it."""
    if _GOES_ON.search(question):
        return True
    return _pronoun(question) is not None or not subject_words(re.sub(r"[^\w\s]", " ", question))


def _pronoun(question: str) -> re.Match[str] | None:
    """The word that stands for something said before; none if it points at something in the question itself."""
    masked = _WITHIN.sub(lambda m: "·" * len(m.group()), question)
    for match in _STANDS_FOR.finditer(masked):
        following = masked[match.end() :]
        if match.group().lower() in ("this", "that", "these", "those") and re.match(r"\s+[a-z]+(?!\w)", following):
            noun = re.match(r"\s+(\w+)", following)
            if noun and not re.fullmatch(
                r"(?:is|are|was|were|do|does|did|can|has|have|mean|work|help|so|not|in|on|at|to|for|compare|differ|happen)\w*",
                noun[1],
            ):
                continue  # "that model" names its thing
        return match
    return None


def topic_of(question: str) -> str:
    """What a question is about, as few words; empty where that cannot be told."""
    bare = question.strip().rstrip("?.! ")
    for pattern in _TOPICS:
        if match := pattern.match(bare):
            topic = _TOPIC_ENDS.sub("", match[1]).strip(" ,;:")
            words = topic.split()
            if words and len(words) <= _MOST_TOPIC_WORDS and subject_words(topic):
                return topic
    return ""


def _by_model(question: str, before: Sequence[str], llm: Llm) -> str:
    """The question as a model understands it; empty if the model cannot be had or says something else."""
    turns = "\n".join(f"Earlier question: {one}" for one in before[-_REMEMBERED:])
    try:
        made = llm.write([Message("user", prompts.CONDENSE.format(turns=turns, question=question))], 120)
    except LlmError:
        return ""
    line = " ".join(made.strip().strip('"“”').split())
    return line if 0 < len(line) <= _LONGEST_CONDENSED and "\n" not in made.strip() else ""


__all__ = ["Conversation", "Turn", "condensed", "leans", "topic_of"]
