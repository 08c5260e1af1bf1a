"""Keyphrases of short texts: runs of words between function words, scored as RAKE does (Rose et al., 2010).

A word counts by how many others it stands with; a phrase also by how many of the texts have it, and by names and
numbers in it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_FUNCTION = frozenset(
    re.findall(
        r"[\w']+",
        "a about above actually after again against all already also although always am an and anon anons "
        "another any anybody anyone anything anyway are aren't around as at back based basically be because "
        "been before being below between bit both bullshit but by can can't cannot cant could couldn't damn "
        "day days did didn't do does doesn't doesnt doing don't done dont down during each either else enough "
        "even ever every everyone everything few first for from fuck fucking further get gets getting give go "
        "goes going gonna good got great guy guys had hadn't haha has hasn't have haven't having he he's her "
        "here hers him his hour hours how however i i'd i'll i'm i've if im in instead into is isn't isnt it "
        "it's its itself ive just keep kek kind know last least less let let's like literally little lmao lol "
        "long look looking lot made make makes many may maybe me mean means might mine minutes month months "
        "more most much must my myself need never new next no nobody none nope nor not nothing now of off ok "
        "okay old on once one only onto op or other others our out over own people per please pretty probably "
        "put quite rather really right said same say says see seem seems she shit should shouldn't since so "
        "some somebody someone something state states still stop stopped stuff such sure take tell tells than "
        "thank thanks that that's thats the their them then there there's these they they're thing things "
        "think this tho those though thought through time to too try trying two under until up us use used "
        "user users uses using very want wants was wasn't way we we're well went were weren't what what's "
        "when where where'd whether which while who whole whom why will with without won't work works would "
        "wouldn't wow yeah year year's years yep yes yet you you'd you'll you're you've your yours",
    )
)
_NOISE = re.compile(r"https?://\S+|>>+/?\w*/?\d*|\[file:[^\]]*\]|```")
_WORD = re.compile(r"[^\W_][\w.+#'’/-]*[\w+#]|[^\W_]")
_LONGEST = 3
_VERB = re.compile(
    r"kills|wins|leaks?|releases|releas(?:ed)|announces|announced|beats|runs|costs|gets|goes|went|made|bought|buys|sells|"
    r"sold|fires|fired|breaks|broke|destroys|joins|left|drops|dropped|thinks|believes|knows|needs|supports|uses|"
    r"outperforms|bricks|bricked|dead|uploaded|trained|trains|sleeps?|asks?|asked|reports?|reported|became|becomes|"
    r"makes|takes|took|gave|gives|told|saw|felt|feels|ran|keeps|kept|lost|loses|shows?|showed",
    re.IGNORECASE,
)
_SIDE = re.compile(r"\w{2,}(?:ing|ed|ly|wards?)", re.IGNORECASE)


def keyphrases(texts: Sequence[str], most: int = 12) -> list[str]:
    """The phrases that say what texts are about, best first, as they are first written; at most `most`."""
    phrases: Counter[tuple[str, ...]] = Counter()
    spread: dict[tuple[str, ...], set[int]] = defaultdict(set)
    written: dict[tuple[str, ...], str] = {}
    for n, text in enumerate(texts):
        for run in _runs(_NOISE.sub(" . ", text)):
            key = tuple(word.casefold() for word in run)
            phrases[key] += 1
            spread[key].add(n)
            written.setdefault(key, " ".join(run))
    frequency: Counter[str] = Counter()
    company: Counter[str] = Counter()
    for key, times in phrases.items():
        for word in key:
            frequency[word] += times
            company[word] += times * len(key)
    scored = []
    for key in phrases:
        score = sum(company[word] / frequency[word] for word in key)
        together = sum(math.log1p(frequency[word]) for word in key) / len(key)
        named = any(c.isupper() or c.isdigit() for c in written[key][1:]) or written[key][0].isupper()
        scored.append((score * together * math.sqrt(len(spread[key])) * (1.5 if named else 1.0), key))
    chosen: list[tuple[str, ...]] = []
    for _, key in sorted(scored, key=lambda pair: (-pair[0], pair[1])):
        if len(chosen) >= most:
            break
        if not any(set(key) <= set(other) or set(other) <= set(key) for other in chosen):
            chosen.append(key)
    return [written[key] for key in chosen]


def _runs(text: str) -> list[list[str]]:
    """Runs of up to three words that carry meaning, between function words and punctuation."""
    out: list[list[str]] = []
    for part in re.split(r"[\n,.;:!?()\[\]\"“”<>|*…]+(?:\s|$)|\s[-–—]\s|[\n\"“”()\[\]<>|*]", text):
        run: list[str] = []
        for match in _WORD.finditer(part):
            word = match.group().strip("'’-/.")
            low = word.casefold().replace("’", "'")
            if low in _FUNCTION or len(low) < 2 or (low.isdigit() and len(low) > 5):
                out += [run] if run else []
                run = []
                continue
            run.append(word)
            if len(run) == _LONGEST:
                out.append(run)
                run = []
        out += [run] if run else []
    trimmed = [_noun_like(run) for run in out]
    trimmed = [part for run in trimmed for part in _without_verbs(run)]
    return [run for run in trimmed if any(re.search(r"[^\W\d_]{2}", word) for word in run)]


def _without_verbs(run: list[str]) -> list[list[str]]:
    """A run cut at its finite verbs: what remains names things and states nothing."""
    out: list[list[str]] = [[]]
    for word in run:
        if _VERB.fullmatch(word):
            out.append([])
        else:
            out[-1].append(word)
    return [part for part in out if part]


def _noun_like(run: list[str]) -> list[str]:
    """A run without the participles and adverbs at its sides: what is left names something."""
    while run and _SIDE.fullmatch(run[-1]):
        run = run[:-1]
    while run and (run[0].endswith("ly") or (len(run) > 1 and _SIDE.fullmatch(run[0]) and run[0].islower())):
        run = run[1:]
    return run
