"""Sentences that can be asked about: whole, understood without what stands around them, and saying something."""

from __future__ import annotations

import re

from index.search.bm25 import STOPWORDS, subject_words
from kb.text.punkt import is_ordinary

FEWEST_WORDS, MOST_WORDS = 5, 44

# What opens a sentence in talk and in prose, and can go without changing what it says.
_OPENER = re.compile(
    r"^(?:(?:so|and|but|now|well|also|okay|ok|basically|actually|then|again|indeed|thus|hence|therefore|however|"
    r"moreover|furthermore|in addition|in fact|in short|for example|for instance|e\.g\.|i\.e\.|note that|as a result|"
    r"of course|in particular|specifically|finally|importantly|interestingly|additionally|overall|first|second|third|"
    r"first of all|today|yes|no|right)\b[,:]?\s+|\w+ly,\s+)+",
    re.IGNORECASE,
)
_POINTS_AWAY = re.compile(
    r"\b(?:above|below|following|aforementioned|former|latter|previous(?:ly)?|here|there's|as (?:mentioned|shown|seen|"
    r"described|discussed|noted)|see (?:also|figure|table|section)|figure \d|table \d|section \d|another|the other|"
    r"same (?:thing|way)|such|^instead|respectively|both|either|neither)\b",
    re.IGNORECASE,
)
# Words that stand for what another sentence names. "It is known that" and the like name nothing either.
# At its beginning it stands for what another sentence names; later for what this one named.
_PRONOUN = re.compile(r"\b(?:it|it's|itself|they|them)\b", re.IGNORECASE)
_SUBJECT_WORDS = 5
# After what only leads up to it ("At the same cost, it …") it is the subject, and is named elsewhere.
_IT_DOES = re.compile(r"^(?:At|By|For|From|In|On|With|Without|Under|Over|After|Before|To)\b[^,]*, (?:it|they)\b")
_ARTICLE = re.compile(r"(?:an?|the)$")
_STANDS_FOR = re.compile(
    r"\b(?:this|these|those|theirs|he|him|his|she|her|hers|that one|the one|"
    r"the \d+-year-old|the (?:[\w-]+ ){0,2}(?:paper|authors?|models?|methods?|approach|results?|company|"
    r"data ?sets?|things?|ideas?|person|team|"
    r"posts?|article|code|scripts?|video|questions?|answers?|problems?|examples?|data|benchmark|system|project|tool|library|"
    r"stat|statistics|site|page|round|deal|event|talk|group|feature|product|app|exam|tests?|design|score|database|accuracy|"
    r"one|observation|images?|audio|speaker|author|user|text|file|list|table|step|last one|first one))\b",
    re.IGNORECASE,
)
VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|does|do|did|can|could|will|would|may|might|must|should|cannot|means|refers|"
    r"stands|uses?|used|makes?|made|gives?|gave|takes?|took|needs?|needed|costs?|runs?|ran|holds?|held|keeps?|kept|shows?|"
    r"showed|finds?|found|says?|said|lets?|allows?|allowed|helps?|requires?|required|contains?|contained|includes?|included|"
    r"consists?|supports?|supported|works?|worked|trains?|trained|learns?|learned|predicts?|predicted|generates?|generated|"
    r"produces?|produced|reduces?|reduced|increases?|increased|improves?|improved|outperforms?|outperformed|reaches|reached|"
    r"achieves?|achieved|beats?|scales?|scaled|splits?|computes?|computed|measures?|measured|releases?|released|launch(?:es|ed)|"
    r"raised?|raises|acquires?|acquired|announces?|announced|introduces?|introduced|provides?|provided|creates?|created|"
    r"builds?|built|becomes?|became|grows?|grew|starts?|started|ends?|ended|leads?|led|sends?|sent|reads?|writes?|wrote|"
    r"stores?|stored|combines?|combined|replaces?|replaced|adds?|added|drops?|dropped|fails?|failed|comes?|came|goes|went|"
    r"gets?|got|turns?|turned|treats?|treated|optimizes?|optimized|minimizes?|maximizes?|encodes?|decodes?|maps?|depends?|"
    r"differs?|suffers?|enables?|enabled|ships?|shipped|wins?|won|loses?|lost|accelerates?|processes|processed|performs?|"
    r"performed|applies|applied|estimates?|estimated|represents?|represented|describes?|described|defines?|defined|"
    r"accounts?|averages?|exceeds?|exceeded|handles?|handled|operates?|operated|serves?|served|sells?|sold|pays?|paid|wrote|died|lived|born|"
    r"won|grew|fell|rose|drew|flew|sank|struck|taught|thought|bought|brought|caught|chose|drove|knew|saw|spoke|"
    r"[a-z]{3,}ed|[a-z]{3,}s(?=\s(?:an?|the|its|their|each|every|all|no|\d)\b))\b",
    re.IGNORECASE,
)
_GOES_ALONE = re.compile(
    r"(?:died|lived|worked|moved|arrived|appeared|happened|started|ended|resulted|participated|returned|existed|depended|"
    r"consisted|differed|went|felt|met|began|sold|built|lasted|belonged|applied|succeeded|failed|joined|increased|decreased|"
    r"improved|reached|changed|opened|closed|stayed|remained)$",
    re.IGNORECASE,
)
_LINKING = frozenset(re.findall(r"\w+", "between among via per than versus vs about over under into onto upon through"))
_PAST = frozenset(
    re.findall(
        r"\w+",
        "is are was were be been has have had does do did can could will would may might must should cannot made gave "
        "took ran held kept found said became grew led sent wrote built came went got won lost sold paid began met",
    )
)
# "The audio was cut": which audio, another sentence says.
_THE_THING = re.compile(rf"The [a-z]+ {VERB.pattern}", re.IGNORECASE)
# Larger than what, another sentence says.
_MORE = re.compile(
    r"\b(?:larger|bigger|smaller|better|worse|faster|slower|nicer|higher|lower|cheaper|stronger|longer|shorter|easier|harder|"
    r"newer|older|more \w+|less \w+)\b",
    re.IGNORECASE,
)
# "Moss takes its water" says whose; "Its water comes" does not.
_WHOSE = re.compile(r"\b(?:its|their)\b", re.IGNORECASE)
_VAGUE = re.compile(
    r"\b(?:very|serious|great|important|interesting|interested|amazing|awesome|nice|fun|cool|long way|extraordinary)\b|"
    r"\b(?:is|are|was) like\b|\b(?:kind|sort) of\b|\ba lot\b|\b(?:really|pretty|super|very very|basically|stuff|"
    r"whatever|something like that|or something|and so on|etc|recent(?:ly)?|currently|nowadays|soon|now|today|"
    r"perhaps|maybe|probably|feels?|seems?|rumou?r\w*|reportedly|"
    r"(?:coming|last|past|next) (?:few )?(?:weeks|months|years))\b",
    re.IGNORECASE,
)
_THAT_SUBJECT = re.compile(
    r"(?:^|[,;]\s+|\band\s+|\bbut\s+|\bbecause\s+)that(?:'s|\s+(?:is|was|are|means|would|will|can))\b", re.I
)
_PERSONS = re.compile(
    r"\b(?:i|i'm|i've|i'd|i'll|me|my|mine|we|we're|we've|we'd|we'll|us|our|ours|you|you're|you've|you'd|you'll|your|"
    r"yours|let's|lets|gonna|wanna|guys|folks|lol|imo|tbh|idk)\b",
    re.IGNORECASE,
)
_NO_PROSE = re.compile(
    r"https?:|www\.|\S+\.(?:com|org|io|ai|net|gov|edu|co|dev|news)(?:/|\b)|[|{}<>\\_`=@^~]|->|=>|\[|\]|#\w|\b\w+\(\)|\*|…|\.\.\.|"
    r"\bet al\b|\((?i:tweets?|hn|source|paper|thread|github|link|demo|video|talk|blog|post|announcement)\b|"
    r"\w- \w|\s--\s|^\(|^\W*\d|^\W*[ivx]{1,4}[).]|[^\x00-\u024f\u2010-\u2027$€£×°µ]"
)
_COMMAND = re.compile(
    r"(?:use|try|make|add|run|note|see|get|take|let|keep|start|build|install|click|check|read|write|remember|consider|give|"
    r"ask|show|find|create|set|put|go|think|imagine|look|watch|follow|stop|avoid|ensure|choose|pick|pass|call|learn|"
    r"understand|collect|don't|do|be|never|always|please|thanks|congrats|introducing|announcing)\b",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"(?:with|while|which|who|whose|for|from|to|of|by|as|than|or|nor|if|because|since|although|though|unless|until|"
    r"whether|altho|tho|per|via|not|only|just|even|still|more|less|most|least|very|much|many|some|any|one|each|every|all|other|others|there|what|"
    r"what's|why|how|when|where)\b",
    re.IGNORECASE,
)


# "Name - a thing that does something": how notes say what a thing is.
_GLOSS = re.compile(r"[\w'’.+ -]{2,50}?(?:\s[-–—]|:)\san?\s[^:–—]{15,}$", re.IGNORECASE)


_GLOSS_PARTS = re.compile(r"([\w'’.+ -]{2,50}?)(?:\s[-–—]|:)\s(an?\s[^:–—]{15,})$", re.IGNORECASE)
_DEFINED = re.compile(r"The (?:[\w-]+ ){1,3}is (?:an?|the) ", re.IGNORECASE)


def statement(plain: str) -> str:
    """A sentence as it is asked about: without what only opens it, and with a full stop."""
    said = " ".join(plain.split()).strip(" -–—•:;,")
    opened = _OPENER.sub("", said)
    if opened and (opened != said or re.match(r"(?:an?|the)\s", said)):
        said = opened[0].upper() + opened[1:]
    return said if re.search(r"[.!?]\W*$", said) else f"{said}."


def told(said: str) -> str:
    """A gloss of notes ("Moss - a small plant …") as the sentence that it stands for; any other as it is."""
    match = _GLOSS_PARTS.match(said)
    return f"{match[1]} is {match[2][0].lower()}{match[2][1:]}" if match else said


def refusal(said: str, spoken: bool = False) -> str:
    """Why a statement cannot be asked about; empty if it can. Talk may say "we", where only its words are asked."""
    count = len(said.split())
    if count < FEWEST_WORDS:
        return "too short"
    if count > MOST_WORDS:
        return "too long"
    if re.search(r"\?\W*$", said):
        return "a question itself"
    if _is_no_prose(said, count):
        return "no prose"
    if _COMMAND.match(said):
        return "tells somebody to do something"
    if not _says_something(said):
        return "says nothing of anything"
    if _leans(said):
        return "understood only with what stands around it"
    if _VAGUE.search(said):
        return "vague"
    if not spoken and _PERSONS.search(said):
        return "somebody's own view"
    return ""


def _leans(said: str) -> bool:
    """Whether a statement is understood only with what stands around it."""
    words = said.split()
    if _PRONOUN.search(" ".join(words[:_SUBJECT_WORDS])) or _IT_DOES.search(said):
        return True
    if _THAT_SUBJECT.search(said) or _STANDS_FOR.search(" ".join(words[:14])) or _POINTS_AWAY.search(said):
        return True
    if _MORE.search(said) and not re.search(r"\bthan\b|\bas\b", said):
        return True
    if _WHOSE.search(" ".join(words[:4])) or re.search(r"\balso\b", " ".join(words[:6])):
        return not _GLOSS.match(said)
    return _THE_THING.match(said) is not None and not _DEFINED.match(said)


def breaks_off(plain: str) -> bool:
    """Whether a line without a full stop ends in a word that goes on: "the only plant that"."""
    if re.search(r"[.!?]\W*$", plain):
        return False
    last = re.findall(r"[\w'’-]+", plain)[-1:]
    going_on = last and last[0].casefold() in STOPWORDS | _LINKING
    return bool(going_on) or re.search(r"\b(?:that|which) \w+ly\W*$", plain) is not None


def points_back(said: str, about: str) -> bool:
    """Whether a statement is about "the forum" and neither it nor its headings (`about`) say which."""
    match = re.match(r"The ((?:[a-z][\w-]*\s){1,3})", said)
    if match is None or re.search(r"\bof\b|\bthat\b|\bfor\b|\bin\b", match[1]):
        return False
    subject = set(subject_words(match[1]))
    return not subject & set(subject_words(about)) and _DEFINED.match(said) is None


def _is_no_prose(said: str, count: int) -> bool:
    """Whether a line is a list, code, a table, a heading in capitals, or otherwise no sentence."""
    if _NO_PROSE.search(said) or said.count('"') % 2 or said.count("(") != said.count(")"):
        return True
    if said.count("“") != said.count("”") or sum(w[:1].isupper() for w in said.split()) > 0.6 * count:
        return True
    letters = sum(c.isalpha() or c.isspace() for c in said)
    if letters < 0.72 * len(said) or said.count(",") > 6 or said.count("/") > 1:
        return True
    dash = re.search(r"\s[-–—]\s|:\s", said)
    return dash is not None and not _GLOSS.match(said)


def _says_something(said: str) -> bool:
    """Whether a statement has a subject and says something of it."""
    verb = next((match for match in VERB.finditer(said) if _is_finite(said, match)), None)
    if verb is None or verb.start() == 0 or _NO_SUBJECT.match(said):
        return _GLOSS.match(said) is not None
    before = said[: verb.start()]
    relative = re.search(r"\b(?:that|which|who|where|to)\s+$", before, re.IGNORECASE)
    # "A model which continues training …": all that follows only says which model.
    relative = relative or re.match(r"(?:[^\s,]+\s+){1,4}which\s", before)
    # "trained on …" right after a name says no more than what it is.
    passive = re.match(r"\w+(?:ed|t|ilt)\s+(?:by|on|in|to|with|from|at|for)\b", said[verb.start() :])
    passive = None if _GOES_ALONE.match(verb.group()) else passive
    active = re.search(r"\b(?:is|are|was|were|been|be)\s+(?:\w+ly\s+)?$", before)
    first = re.match(r"[\w'’.+-]+", said.lstrip(" \"“‘'("))
    begins = first[0] if first else ""
    headless = begins[:1].islower() and (is_ordinary(begins) or not begins.isalpha()) and not _ARTICLE.match(begins)
    hanging = re.fullmatch(r"[A-Z][a-z]+(?:ed|ing)", begins) is not None and is_ordinary(begins)
    letter = len(begins) == 1 and begins not in ("A", "a")
    return not (letter or relative or (passive and not active) or headless or hanging)


def _is_finite(said: str, verb: re.Match[str]) -> bool:
    """Whether a word is a verb here: "use" and "cost" are as often nouns, unless several things do them."""
    word = verb.group().casefold()
    if re.search(r"(?:s|ed)$", word) or word in _PAST:
        return True
    before = re.search(r"(\w+)\W+$", said[: verb.start()])
    return before is not None and before[1].casefold().endswith("s") and not before[1].casefold().endswith("ss")
