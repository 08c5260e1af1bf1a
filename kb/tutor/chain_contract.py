"""What a summary of a reply chain must keep to, checked by code.

Clues, Reasoning and Summary as YAML; the Summary no question, about "Anon", the paper's title where it is about a
paper, and nothing that an anon posted told as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from ingest.posts import QUOTE, Post

MOST_REASONING_WORDS = 130
_MOST_SUMMARY_CHARS = 240
_FENCE = re.compile(r"```(?:ya?ml)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_KEYS = ("Clues", "Reasoning", "Summary")
_USER = re.compile(r"\busers?\b", re.IGNORECASE)
_ASKS = re.compile(
    r"(?:is|are|was|were|does|do|did|can|could|should|would|will|has|have|what|why|who|when|where|which)\b"
    r"|how\b(?!\s+(?:to|anons?)\b)",
    re.IGNORECASE,
)
# Who says it, or that it is talk: with one of these a statement is told of somebody, not as a fact.
_ATTRIBUTED = re.compile(
    r"\b(?:anons?|op|posters?|replies|reply|chain|thread|discuss\w*|debat\w*|argu\w*|claim\w*|alleg\w*|rumou?r\w*|"
    r"opinions?|views?|speculat\w*|suggest\w*|mention\w*|ask\w*|advice|advis\w*|recommend\w*|complain\w*|joke\w*|jok\w+|"
    r"suppos\w*|suspect\w*|report(?:s|ed|edly)?|question\w*|doubt\w*|concern\w*|wonder\w*|shar\w+|compar\w*|"
    r"reaction\w*|thoughts?|experiences?|hopes?|fears?|wish\w*|hype|shitpost\w*|banter|memes?)\b",
    re.IGNORECASE,
)
# A finite verb: something is said of something, so that it is a statement and no heading.
_STATES = re.compile(
    r"\b(?:is|are|was|were|isn't|aren't|has|have|had|hasn't|will|won't|can|can't|cannot|does|doesn't|did|didn't|must|"
    r"became|becomes|gets|got|makes|made|beats?|outperform(?:s|ed)|releas(?:es|ed)|announc(?:es|ed)|confirm(?:s|ed)|"
    r"leak(?:s|ed)|launch(?:es|ed)|buys|bought|sells|sold|bans|banned|kills|killed|breaks|broke|fixes|fixed|runs|ran|"
    r"needs|requires|works|uses|stole|steals|lies|lied|fails|failed|wins|won|loses|lost|drops|dropped|stops|stopped|"
    r"costs|supports|removes|removed|adds|added|doubles|doubled|shows|showed|proves|proved|causes|caused|"
    r"censors|censored|acquires|acquired|shuts|cancels|cancelled|delays|delayed|reaches|reached|means|knows|wants)\b",
    re.IGNORECASE,
)
_COPIED = 0.75
_FEWEST_COPIED = 4


@dataclass(frozen=True, slots=True)
class ChainSummary:
    """What is said of a chain. `by` is the model's name, or `extractive` with the reason."""

    clues: str
    reasoning: str
    summary: str
    by: str = "extractive"


def parse(reply: str) -> ChainSummary | str:
    """The three parts of a reply in YAML, fenced or bare; else why it cannot be read."""
    fenced = _FENCE.search(reply)
    try:
        row = yaml.safe_load(fenced[1] if fenced else reply)
    except (yaml.YAMLError, ValueError, RecursionError):
        row = _by_lines(reply)
    if not isinstance(row, dict):
        row = _by_lines(reply)
    found = {str(key).strip().capitalize(): value for key, value in row.items()}
    if missing := [key for key in _KEYS if not isinstance(found.get(key), str | list) or not found[key]]:
        return f"it has no {', no '.join(missing)}"
    clues = found["Clues"] if isinstance(found["Clues"], str) else ", ".join(map(str, found["Clues"]))
    parts = [" ".join(str(value).split()) for value in (clues, found["Reasoning"], found["Summary"])]
    return ChainSummary(*parts)


def _by_lines(reply: str) -> dict[str, str]:
    """The parts of a reply that is nearly YAML: a colon in a line without quotes breaks the parser, not a reader."""
    out: dict[str, str] = {}
    for match in re.finditer(
        r"^\W*(Clues|Reasoning|Summary)\W*:\s*(?:\|-?|>-?)?(.*?)(?=^\W*(?:Clues|Reasoning|Summary)\W*:|\Z)",
        reply,
        re.DOTALL | re.MULTILINE | re.IGNORECASE,
    ):
        out[match[1]] = match[2].strip().strip("`")
    return out


def violations(made: ChainSummary, chain: Sequence[Post], paper: str = "") -> list[str]:
    """What of the contract a summary breaks, in words for who wrote it; `paper` is the title of the chain's paper."""
    found: list[str] = []
    if "," not in made.clues:
        found.append("Clues is no comma-separated list")
    if (words := len(made.reasoning.split())) > MOST_REASONING_WORDS:
        found.append(f"Reasoning has {words} words, more than {MOST_REASONING_WORDS}")
    summary = made.summary
    if len(summary) > _MOST_SUMMARY_CHARS:
        found.append(f"Summary has {len(summary)} characters, more than {_MOST_SUMMARY_CHARS}")
    if paper:
        if _plain(summary) != _plain(paper):
            found.append(f'the chain is about a paper, so the Summary is its title: "{paper}"')
        return found
    if "?" in summary or "？" in summary:
        found.append("Summary has a question mark")
    elif _ASKS.match(summary.strip("\"'“” ")):
        found.append("Summary is a question")
    if _USER.search(summary):
        found.append('Summary says "user"; it is "Anon" here')
    found += [f'Summary tells as a fact what an anon posted: "{part}"' for part in _facts(summary, chain)]
    return found


def _facts(summary: str, chain: Sequence[Post]) -> list[str]:
    """The sentences of a summary that state something without saying that somebody said it."""
    said = [line for post in chain for line in re.split(r"\n|(?<=[.!?])\s", QUOTE.sub(" ", post.text))]
    out = []
    for part in re.split(r"(?<=[.;!])\s+", summary):
        if not part.strip() or _ATTRIBUTED.search(part):
            continue
        if _STATES.search(part) or any(_copies(part, line) for line in said):
            out.append(part.strip())
    return out


def _copies(part: str, line: str) -> bool:
    """Whether a sentence repeats most of what a post says, in its order."""
    ours, theirs = _plain(part).split(), _plain(line).split()
    if len(ours) < _FEWEST_COPIED or len(theirs) < _FEWEST_COPIED:
        return False
    at = shared = 0
    for word in ours:
        if word in theirs[at:]:
            at = theirs.index(word, at) + 1
            shared += 1
    return shared >= _COPIED * max(len(ours), 0.6 * len(theirs))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
