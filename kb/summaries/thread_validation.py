"""What a summary of a reply chain must keep to, checked by code.

Clues, Reasoning and Summary as YAML; the Summary no question, about "Anon", the paper's title where it is about a
paper, and nothing that an anon posted told as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from ingest.threads.posts import QUOTE, ThreadPost

MOST_REASONING_WORDS = 130
_MOST_SUMMARY_CHARS = 240
_FENCE = re.compile(r"```(?:ya?ml)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_KEYS = ("Clues", "Reasoning", "Summary")
# Who posts, not a kind of interface: "multi-user", "user interface".
_USER = re.compile(
    r"(?:(?<![A-Za-z-])user|(?<![A-Za-z])users)(?![A-Za-z-])"
    r"(?! (?:interfaces?|experience|inputs?|agents?|space|manual|guide|prompts?|accounts?|data)\b)",
    re.IGNORECASE,
)
_AUXILIARY = (
    r"(?:is|are|am|was|were|do|does|did|can|could|should|would|will|shall|has|have|had|might|may|must)(?:n['’]?t)?"
)
_ASKS = re.compile(
    rf"(?:so |and |but )?(?:{_AUXILIARY}(?!-)(?! to power)\b|any(?:one|body)?\b|"
    rf"(?:what|why|who|when|where|how|which)(?:['’]s)?\b\s+(?:[\w.-]+\s+)?{_AUXILIARY}\b|"
    r"(?:which|what)\s+[\w.-]+\s+(?!anons?\b|to\b|for\b)\w+\s+(?!anons?\b)\w+)",
    re.IGNORECASE,
)
_ABOUT_ANONS = re.compile(r"\b(?:anons?|to)\b", re.IGNORECASE)
# Who says it, in the very clause that says it; or that it is talk, a rumour, somebody's view.
_ATTRIBUTED = re.compile(
    r"\b(?:anons?|op|posters?|replies|commenters?)\b|"
    r"\bothers (?:say|confirm|agree|disagree|doubt|ask|suggest|report|joke|argue|claim|recommend|deny)\b|"
    r"\b(?:reports?|warnings?|news|stories|tales|fears?|hopes?|talk|signs?) (?:of|against|about|that)\b|"
    r"\b(?:alleg\w+|claimed|claims? (?:of|that)|rumou?r\w*|speculation|suppos\w+|reportedly|according to|"
    r"theor(?:y|ies)|skeptic\w*|blamed|whether|hypothetical\w*)\b",
    re.IGNORECASE,
)
# A clause ends here: what governs one does not govern the next.
_CLAUSES = re.compile(
    r"[.;:!,](?:\s+|\Z)|\s[-–—]\s|\b(?:as|after|because|while|since|and|but|although)\b", re.IGNORECASE
)
# Finite verbs, and participles that stand for them in headlines: something is said of something.
_STATES = re.compile(
    r"(?<!-)\b(?:is|are|was|were|isn't|aren't|wasn't|has|have|had|hasn't|will|won't|can|can't|cannot|does|doesn't|did|"
    r"didn't|must|became|becomes|goes|went|got|made|beats?|outperform(?:s|ed)|outpac(?:es|ed)|releas(?:es|ed|ing)|"
    r"announc(?:es|ed|ing)|confirm(?:s|ed)|leaked|launch(?:es|ed|ing)|buys|bought|buying|sells|sold|bans|banned|"
    r"forbids|forbade|kill(?:s|ed|ing)|broke|fixed|ran|requires|stole|steals|lied|fail(?:s|ed)|won|loses|lost|losing|"
    r"dropped|stopped|stops|doubles|doubled|showed|proves|proved|causes|caused|censor(?:s|ed)|acquir(?:es|ed|ing)|"
    r"shuts|shutting|cancels|cancelled|delays|delayed|reaches|reached|knows|join(?:s|ed|ing)|leaving|packs|packed|"
    r"destroy(?:s|ed|ing)|fired|ousts|ousted|coming|comes|bricks|bricked|bricking|die[sd]|dying|fell|falls|rose|rises|"
    r"trained|trains|open-sourc(?:es|ed|ing)|replac(?:es|ed|ing)|exposed|bankrupt|matches|surpass(?:es|ed)|explodes|"
    r"exploded|hates|loves|reads|now (?:open|closed|free|dead|ahead|available|banned|public)|"
    r"to (?:release|launch|replace|become|join|leave|ship|shut|acquire|buy|ban|end|open-source))\b(?!-)",
    re.IGNORECASE,
)
# Verbs that are nouns as well: they state something only after a name, and before what they are done to.
_MAY_STATE = re.compile(
    r"(?<![\w-])(?!of |and |in |for |the |an? |with |its |their |his |her |my |on |by |to )(\w[\w.'-]*)\s+"
    r"(?:drops|runs|shows|lies|means|gets|works|needs|uses|costs?|breaks|fixes|wins|fires|leaves|reports|shares|adds|"
    r"supports|removes|makes|plans|changes|cuts|hits|leaks|ships|claims)\s+"
    r"(?:the|an?|its|all|every\w*|no|only|on|out|from|over|around|like|just|better|worse|to|\$?\d|[A-Z])",
)
_WH = re.compile(r"\s*(?:what|why|who|when|where|how|which|that)\b", re.IGNORECASE)
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


def violations(
    made: ChainSummary, chain: Sequence[ThreadPost], paper: str = "", allowed: Sequence[str] = ()
) -> list[str]:
    """What of the contract a summary breaks, in words for who wrote it.

    `paper` is the title of the paper that the chain is about; `allowed` are lines that may be such a title.
    """
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
    if any(_plain(summary) == _plain(line) for line in allowed) and "?" not in summary:
        return found
    if re.search(r"[?？؟⁇]", summary):
        found.append("Summary has a question mark")
    elif _is_question(summary.strip("\"'“” ")):
        found.append("Summary is a question")
    if _USER.search(summary):
        found.append('Summary says "user"; it is "Anon" here')
    found += [f'Summary tells as a fact what an anon posted: "{part}"' for part in _facts(summary, chain)]
    return found


def _is_question(summary: str) -> bool:
    """Whether a line asks; "What anons run" and "How to pick a quant" name a topic."""
    asks = _ASKS.match(summary)
    if asks is None:
        return False
    wh = re.match(r"(?:so |and |but )?(?:which|what)\b", summary, re.IGNORECASE)
    return not (wh and _ABOUT_ANONS.search(asks.group()))


def _facts(summary: str, chain: Sequence[ThreadPost]) -> list[str]:
    """The clauses of a summary that state something without saying that somebody said it."""
    said = [line for post in chain for line in re.split(r"\n|(?<=[.!?])\s", QUOTE.sub(" ", post.text))]
    if any(_copies(summary, line) for line in said) and not _ATTRIBUTED.search(summary):
        return [summary]
    out = []
    for clause in _CLAUSES.split(summary):
        part = (clause or "").strip()
        if not part or _ATTRIBUTED.search(part) or _WH.match(part) or re.match(r"will to\b", part, re.IGNORECASE):
            continue
        if _STATES.search(part) or _MAY_STATE.search(part):
            out.append(part)
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
