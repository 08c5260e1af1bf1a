"""An answer as HTML: statements with their numbered sources, and what a person can do with them.

It is made of the JSON that `kb ask --json` prints, so that a chat that comes back from the browser looks the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from kb.text.markdown import shown
from kb.types import locators
from kb.types.answers import LEVELS
from ui.render.html import action, notice, notices, words

Shape = Mapping[str, Any]
LEVEL_NAMES = {"eli5": "Like I'm five", "beginner": "Beginner", "practitioner": "Practitioner", "expert": "Expert"}
_LONGEST_NEAR = 300
_LONGEST_KEPT = 24  # characters of a word that may not be torn from its number


def begun(question: str, passages: int) -> str:
    """A turn whose answer is being looked for."""
    return _turn(question, f'<p class="kb-wait">Looking in {passages:,} passages…</p>')


def draft(question: str, text: str) -> str:
    """A turn whose answer is being written."""
    lines = "".join(f"<p>{words(line)}</p>" for line in text.splitlines() if line.strip())
    return _turn(question, f'<div class="kb-claims">{lines}</div>')


def failed(question: str, error: str) -> str:
    """A turn that came to nothing, and why."""
    return _turn(question, notice(error, "bad"), "kb-failed")


def answered(answer: Shape) -> str:
    """A turn with its answer."""
    parts = []
    if answer["searched"] and answer["searched"] != answer["question"]:
        parts.append(f'<p class="kb-understood">Understood as: {words(answer["searched"])}</p>')
    parts.append(_abstained(answer) if answer["abstained"] else _claims(answer) + _sources(answer))
    parts.append(notices(answer["notes"], "warning"))
    parts.append(_offers(answer))
    parts.append(_foot(answer))
    parts.append(_actions(answer))
    if "trace" in answer:
        parts.append(_trace(answer["trace"], answer))
    return _turn(answer["question"], "".join(parts), data=_kept(answer))


def _turn(question: str, body: str, style: str = "", data: str = "") -> str:
    kept = f' data-answer="{words(data)}"' if data else ""
    return (
        f'<article class="kb-turn {style}"{kept}><h3 class="kb-asked">{words(question)}</h3>'
        f'<div class="kb-answer">{body}</div></article>'
    )


def _kept(answer: Shape) -> str:
    """What the browser keeps of an answer: all but how it was found."""
    kept = {name: value for name, value in answer.items() if name not in ("trace", "id", "ms")}
    kept["nearest"] = [{**hit, "text": hit["text"][:_LONGEST_NEAR]} for hit in answer["nearest"]]
    # In ASCII, so that what an attribute may not hold (marks of direction) comes back as it was.
    return json.dumps(kept)


def _claims(answer: Shape) -> str:
    rows = []
    cited = {one["n"]: one for one in answer["citations"]}
    for claim in answer["claims"]:
        marks = "".join(_mark(cited[n]) for n in claim["citations"] if n in cited)
        why = "" if claim["supported"] else notice(f"Not supported: {shown(claim['why'])}", "warning")
        style = "" if claim["supported"] else ' class="kb-unsupported"'
        rows.append(f"<p{style}>{_marked(shown(claim['text']), marks)}</p>{why}")
    return f'<div class="kb-claims">{"".join(rows)}</div>'


def _marked(text: str, marks: str) -> str:
    """A statement with its numbers, which stay with its last word when the line breaks."""
    head, _, last = text.rpartition(" ")
    if not marks or len(last) > _LONGEST_KEPT:
        return words(text) + marks
    return f'{words(head)} <span class="kb-nowrap">{words(last)}{marks}</span>'


def _mark(cited: Shape) -> str:
    told = f"Source {cited['n']}: {cited['title']}, {place(cited['locator'])}"
    return (
        f'<button type="button" class="kb-cite" data-act="card" data-n="{words(cited["n"])}" '
        f'aria-label="{words(told)}" title="{words(told)}">{words(cited["n"])}</button>'
    )


def _sources(answer: Shape) -> str:
    rows = [
        f'<li value="{words(one["n"])}"><button type="button" class="kb-source" data-act="card" '
        f'data-n="{words(one["n"])}"><span class="kb-title">{words(one["title"])}</span> '
        f'<span class="kb-place">{words(one["kind"])} · {words(place(one["locator"]))}</span></button></li>'
        for one in answer["citations"]
    ]
    return f'<ol class="kb-sources" aria-label="Sources">{"".join(rows)}</ol>' if rows else ""


def place(locator: Shape) -> str:
    """Where words stand, as a person says it."""
    return locators.describe(locators.from_json(dict(locator)))


def _abstained(answer: Shape) -> str:
    rows = []
    for n, hit in enumerate(answer["nearest"]):
        passage = shown(hit["text"])
        short = passage if len(passage) <= _LONGEST_NEAR else passage[:_LONGEST_NEAR].rsplit(" ", 1)[0] + " …"
        rows.append(
            f'<li><button type="button" class="kb-source" data-act="near" data-n="{n}">'
            f'<span class="kb-title">{words(hit["title"])}</span> '
            f'<span class="kb-place">{words(hit["kind"])} · {words(place(hit["locator"]))}</span></button>'
            f'<p class="kb-near">{words(short)}</p></li>'
        )
    near = f'<p class="kb-quiet">The nearest passages:</p><ul class="kb-sources">{"".join(rows)}</ul>' if rows else ""
    return f'<div class="kb-claims"><p>{words(answer["answer"])}</p></div>{near}'


def _offers(answer: Shape) -> str:
    rows = [
        action("offer", f"Search {offer['label']}", f"Ask again and search {offer['label']}", n=n)
        for n, offer in enumerate(answer["offers"])
    ]
    return f'<div class="kb-row">{"".join(rows)}</div>' if rows else ""


def _foot(answer: Shape) -> str:
    claims = answer["claims"]
    stand = sum(claim["supported"] for claim in claims)
    by = "quoted from your sources" if answer["answerer"] == "extractive" else f"written by {answer['answerer']}"
    facts: list[str] = [LEVEL_NAMES.get(answer["level"], str(answer["level"]))]
    if not answer["abstained"]:
        facts += [by, f"{stand} of {len(claims)} statements supported"]
    facts.append(f"confidence {answer['confidence']:.2f}")
    return f'<p class="kb-quiet kb-foot">{words(" · ".join(facts))}</p>'


def _actions(answer: Shape) -> str:
    at = LEVELS.index(answer["level"]) if answer["level"] in LEVELS else 0
    buttons = []
    if not answer["abstained"]:
        if at > 0:
            buttons.append(action("level", "Simpler", level=LEVELS[at - 1]))
        if at < len(LEVELS) - 1:
            buttons.append(action("level", "Deeper", level=LEVELS[at + 1]))
    buttons.append(action("quiz", "Quiz me", "Quiz me on this"))
    buttons.append(action("copy", "Copy with citations", text=as_text(answer)))
    return f'<div class="kb-row kb-actions">{"".join(buttons)}</div>'


def as_text(answer: Shape) -> str:
    """An answer with its sources, to be pasted elsewhere."""
    lines = [answer["question"], ""]
    if answer["abstained"]:
        return "\n".join([*lines, answer["answer"]])
    for claim in answer["claims"]:
        marks = "".join(f" [{n}]" for n in claim["citations"])
        doubt = "" if claim["supported"] else " (not supported)"
        lines.append(f"{shown(claim['text'])}{marks}{doubt}")
    lines.append("")
    for one in answer["citations"]:
        lines.append(f"[{one['n']}] {one['title']}, {place(one['locator'])}. {one['link']}")
        lines.append(f"    “{shown(one['quote'])}”")
    return "\n".join(lines)


def _trace(trace: Shape, answer: Shape) -> str:
    """How the passages were found: ranks and scores, and why candidates fell."""
    titles = {one["chunk_id"]: one["title"] for one in (*answer["nearest"], *answer["citations"])}
    times = " · ".join(f"{name} {ms:.0f} ms" for name, ms in trace["timings_ms"].items())
    rows = [
        _scores(n, row, titles.get(row["chunk_id"], row["chunk_id"]), "")
        for n, row in enumerate(trace["hits"], start=1)
    ]
    rows += [_scores("–", row, row["title"], row["reason"]) for row in trace["dropped"]]
    return (
        '<details class="kb-trace"><summary>How this was found</summary>'
        f'<p class="kb-quiet">{words(times)} · in all {answer["ms"]:.0f} ms</p><div class="kb-wide" tabindex="0" '
        'role="region" aria-label="Scores of passages"><table>'
        "<thead><tr><th>rank</th><th>fused</th><th>cosine</th><th>BM25</th><th>passage</th><th>why not</th></tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table></div></details>"
    )


def _scores(rank: object, row: Shape, title: str, reason: str) -> str:
    vector = "" if row["vector_rank"] is None else f" (#{row['vector_rank']})"
    lexical = "" if row["lexical_rank"] is None else f" (#{row['lexical_rank']})"
    cells: Sequence[str] = (
        str(rank),
        f"{row['fused']:.3f}",
        f"{row['cosine']:.3f}{vector}",
        f"{row['bm25']:.2f}{lexical}",
        title,
        reason,
    )
    return "<tr>" + "".join(f"<td>{words(cell)}</td>" for cell in cells) + "</tr>"
