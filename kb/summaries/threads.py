"""Summaries of reply chains: Clues, Reasoning, Summary, by a language model or by rule, each held to the contract."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import yaml

from ingest.net import urls
from ingest.threads.posts import ThreadPost
from kb.errors import LlmError
from kb.llm import prompts
from kb.llm.client import Llm, Message, tokens
from kb.summaries import thread_validation
from kb.summaries.thread_validation import ChainSummary
from kb.text.keyphrases import keyphrases

Titles = Callable[[str], str]  # the title of the paper at an address; empty where it cannot be had

_LABELLED = re.compile(r"\[([^\[\]\n]{8,300})\]\((https?://[^\s()]+)\)")
_PAPER_LINK = re.compile(r"https?://(?:www\.)?(?:arxiv\.org/(?:abs|pdf|html)/|doi\.org/10\.|dx\.doi\.org/10\.)\S+")
_WRITING_TOKENS = 700
_CLUES = 12
# An opening post with more links or words than these is about more than the paper in it.
_MOST_LINKS = 2
_MOST_WORDS = 120
_FEWEST_TITLE, _MOST_TITLE, _SHORT_WORD = 3, 25, 3


def key(chain: Sequence[ThreadPost], model: str) -> str:
    """What a summary depends on: the posts' words, the model, the prompt. Unchanged, nothing is written again."""
    said = [[post.no, post.text, post.file] for post in chain]
    return hashlib.sha256(json.dumps([prompts.CHAIN_VERSION, model, said]).encode("utf-8", "replace")).hexdigest()


def paper_of(chain: Sequence[ThreadPost], titles: Titles) -> str:
    """The title of the paper that a chain is about: the one whose link makes up its opening post. Empty if none.

    The title is the link's own text, what `titles` knows, or a line beside the link that is set like a title: what an
    anon says of a paper is none.
    """
    text = chain[0].text
    links = urls.in_text(text)
    papers = {urls.canonical(url) for _, url in links if _PAPER_LINK.match(url)}
    if len(papers) != 1 or len(links) > _MOST_LINKS or len(text.split()) > _MOST_WORDS:
        return ""  # one link among many: a collection of news, say
    for match in _LABELLED.finditer(text):
        if _PAPER_LINK.match(match[2]):
            return " ".join(match[1].split())
    if known := titles(next(iter(papers))):
        return known
    return next((line for line in beside(chain) if _set_like_a_title(line)), "")


def beside(chain: Sequence[ThreadPost]) -> list[str]:
    """The lines above and below a paper's link in the opening post, one of which may be its title."""
    lines = [line.strip() for line in chain[0].text.splitlines() if line.strip()]
    at = next((n for n, line in enumerate(lines) if _PAPER_LINK.search(line)), None)
    if at is None:
        return []
    return [line for n, line in enumerate(lines) if abs(n - at) == 1 and not line.startswith((">", "http"))]


def _set_like_a_title(line: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_][\w'-]*", line) if len(word) > _SHORT_WORD]
    capital = sum(word[0].isupper() for word in words)
    enough = _FEWEST_TITLE <= len(line.split()) <= _MOST_TITLE and len(words) > 1
    return enough and capital >= 0.8 * len(words) and not line.endswith((".", "?", "!", ",")) and "►" not in line


def summarise(chain: Sequence[ThreadPost], llm: Llm | None, titles: Titles = lambda _: "") -> tuple[ChainSummary, str]:
    """What a chain is about, and what kept the model from writing it (empty if nothing did).

    A model's answer that breaks the contract is asked for once more, then replaced by ours.
    """
    paper = paper_of(chain, titles)
    if llm is None:
        return by_rule(chain, paper), ""
    allowed = beside(chain)
    messages = [Message("system", prompts.CHAIN), Message("user", as_yaml(chain, llm.context))]
    broken: list[str] = []
    trouble = ""
    try:
        for _ in range(2):
            reply = llm.write(messages, _WRITING_TOKENS)
            made = thread_validation.parse(reply)
            broken = [made] if isinstance(made, str) else thread_validation.violations(made, chain, paper, allowed)
            if not broken and isinstance(made, ChainSummary):
                return ChainSummary(made.clues, made.reasoning, made.summary, llm.name), ""
            listed = "\n".join(f"- {violation}" for violation in broken)
            messages += [Message("assistant", reply), Message("user", prompts.CHAIN_AGAIN.format(violations=listed))]
        reason = f"{llm.name} broke the contract: {'; '.join(broken)}"
    except LlmError as error:
        reason = trouble = str(error)
    ours = by_rule(chain, paper)
    return ChainSummary(ours.clues, ours.reasoning, ours.summary, f"extractive ({reason})"), trouble


def as_yaml(chain: Sequence[ThreadPost], context: int) -> str:
    """The posts as a summariser takes them, the longest shortened until they fit what a model reads."""
    room = context - _WRITING_TOKENS - tokens(prompts.CHAIN) - 200
    limit = 4000
    while True:
        rows = [
            {"Id": p.no, "Comment": p.text[:limit] or "None.", "Attachment": p.file or "None.", "Context": "None."}
            for p in chain
        ]
        text = yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=10_000)
        if tokens(text) <= room:
            return text
        if limit > 200:
            limit //= 2
        elif len(chain) > 2:
            # The beginning says what it is about, the end where it went.
            chain = [*chain[: len(chain) // 4 + 1], *chain[-(len(chain) // 4 + 1) :]]
        else:
            return text[: int(room * 3)]


def by_rule(chain: Sequence[ThreadPost], paper: str = "") -> ChainSummary:
    """A summary without a model: the chain's keyphrases, and a title made of them that states nothing."""
    phrases = keyphrases([f"{post.subject}\n{post.text}" for post in chain], _CLUES)
    phrases = [phrase for phrase in phrases if "?" not in phrase] or ["an image", "a short exchange"]
    clues = ", ".join(phrases if len(phrases) > 1 else [*phrases, "a short exchange"])
    summary = paper or _title(chain, phrases)
    made = ChainSummary(clues, _reasoning(chain, phrases, paper), summary)
    if thread_validation.violations(made, chain, paper):
        # Whatever odd words the posts have: this says nothing about them.
        made = ChainSummary(clues, made.reasoning, f"Anons discuss {_listed(phrases[:1])}".replace("?", ""))
        if thread_validation.violations(made, chain):
            made = ChainSummary(clues, made.reasoning, "Anons discuss something briefly")
    return made


def _title(chain: Sequence[ThreadPost], phrases: Sequence[str]) -> str:
    opening = _own_words(chain[0])
    topic = _listed(_topics(chain, phrases)[:2])
    replies = [phrase for phrase in phrases if not any(phrase in part for part in topic.split(" and "))]
    tail = f", replies bring up {replies[0]}" if len(chain) > 2 and replies else ""
    found = urls.in_text(chain[0].text)
    if "?" in opening:
        return f"Anon asks about {topic}{tail}"
    if found:
        host = (urlsplit(found[0][1]).hostname or "").removeprefix("www.")
        return f"Anon links {host}, discussion of {topic}" if host else f"Anon on {topic}"
    return f"Anons discuss {topic}{tail}" if len(chain) > 1 else f"Anon on {topic}"


def _own_words(post: ThreadPost) -> str:
    """What a post says itself: not the greentext that it mocks, and no addresses."""
    lines = (line for line in post.text.splitlines() if not re.match(r"\s*>(?!>\d)", line))
    return re.sub(r"https?://\S+", " ", "\n".join(lines))


def _topics(chain: Sequence[ThreadPost], phrases: Sequence[str]) -> list[str]:
    """The phrases of the opening post first: it sets the topic."""
    opening = chain[0].text.casefold()
    return sorted(phrases, key=lambda phrase: phrase.casefold() not in opening)


def _listed(phrases: Sequence[str]) -> str:
    return " and ".join(phrases)


def _reasoning(chain: Sequence[ThreadPost], phrases: Sequence[str], paper: str) -> str:
    replies = len(chain) - 1
    direct = sum(1 for post in chain[1:] if chain[0].no in post.quotes)
    parts = [f"The chain begins with >>{chain[0].no} and has {replies} {'reply' if replies == 1 else 'replies'}"]
    parts[0] += f", {direct} of them to it directly." if replies else "."
    if paper:
        parts.append("Its opening post links a paper, so its title is that paper's.")
    elif "?" in _own_words(chain[0]):
        parts.append("The opening post asks something.")
    parts.append(f"The words that stand out are {', '.join(phrases[:8])}.")
    parts.append("They are what anons wrote; none of it was checked.")
    return " ".join(" ".join(parts).split()[: thread_validation.MOST_REASONING_WORDS])
