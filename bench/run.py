"""Measure quality and speed on this machine and write docs/benchmarks.md: `make bench` (about forty minutes).

    python bench/run.py [quality] [names] [speed] [embedding] [answers] [reader] [checks] [levels] [overhead] [sync]
                        [threads] [feeds] [quiz] [pages] [recordings] [kills]

Quality is scored by the shared scorer on what `kb search --batch` and `kb ask --batch` print. Times are ratios within
one run, against something everybody has.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the other benches, by their package's name
SHARED = Path(os.environ.get("KB_TEST_DATA", ROOT.parent / "shared"))
PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = ROOT / "bench" / "out"
QA = SHARED / "data" / "qa"
HEADINGS = {
    "Retrieval": "quality",
    "Misheard names": "names",
    "Speed": "speed",
    "Embedding": "embedding",
    "Answers without a language model": "answers",
    "The reader": "reader",
    "Checks": "checks",
    "Levels": "levels",
    "Before the first word": "overhead",
    "Sync": "sync",
    "Threads": "threads",
    "Feeds and the digest": "feeds",
    "Quizzes": "quiz",
    "Pages": "pages",
    "Recordings": "recordings",
    "Kills": "kills",
}


def kb(*arguments: str | Path, home: Path, out: Path | None = None) -> str:
    command = [sys.executable, "-m", "kb.cli", *map(str, arguments), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    if out is not None:
        out.write_text(done.stdout, encoding="utf-8")
    return done.stdout


def tool(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(SHARED / "tools" / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def score(*arguments: str | Path) -> dict[str, float]:
    return json.loads(tool("score.py", *arguments))


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)]) + "\n"


def laid_out(folder: Path, name: str) -> tuple[Path, Path]:
    """A judged collection as files, and its questions as a batch."""
    questions = folder / f"{name}.jsonl"
    if name == "chunking":
        with (QA / "chunking/questions_df.csv").open(encoding="utf-8") as handle, questions.open("w") as out:
            for n, row in enumerate(csv.DictReader(handle)):
                out.write(json.dumps({"id": str(n), "query": row["question"]}) + "\n")
        return QA / "chunking/corpora", questions
    source = QA / ("qmsum-val" if name == "qmsum" else name)
    form = "meetings" if name == "qmsum" else "files"
    tool("make_corpus.py", form, source / "corpus.jsonl", folder / name)
    tool("make_corpus.py", "queries", source / "queries.jsonl", questions)
    return folder / name, questions


def quality(folder: Path) -> str:
    rows = []
    for name in ("chunking", "cranfield", "anthropic-docs", "qmsum"):
        files, questions = laid_out(folder, name)
        home = folder / f"home-{name}"
        report = json.loads(kb("ingest", files, "--json", home=home))
        run = folder / f"{name}.run.jsonl"
        kb("search", "--batch", questions, "-k", 5 if name in ("chunking", "qmsum") else 100, home=home, out=run)
        if name == "chunking":
            got = score("spans", QA / "chunking/questions_df.csv", run)
            said = f"recall {got['recall']} · precision {got['precision']} · IoU {got['iou']}"
            asked = "recall ≥ 84 at IoU ≥ 6"
        elif name == "qmsum":
            got = score("turns", QA / "qmsum-val/queries.jsonl", folder / "turns.json", run)
            said = (
                f"span recall {got['span_recall']} · span precision {got['span_precision']} · hit {got['hit']} · "
                f"right meeting {got['right_meeting']}"
            )
            asked = "span recall ≥ 0.25, hit ≥ 0.50"
        else:
            got = score("documents", QA / name / "qrels.tsv", run)
            said = f"nDCG@10 {got['ndcg@10']} · success@3 {got['success@3']} · recall@5 {got['recall@5']}"
            asked = "nDCG@10 ≥ 0.43" if name == "cranfield" else "success@3 ≥ 0.92"
        rows.append((name, report["chunks"], said, asked))
        print(rows[-1], flush=True)
    how = "`python bench/run.py quality`: `kb ingest`, then `kb search --batch`, scored by the shared scorer."
    return f"## Retrieval\n\n{how}\n\n" + table(("collection", "passages", "measured", "asked"), rows)


def seconds(command: list[str], times: int = 7) -> float:
    """The median wall time of a fresh process."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def speed(folder: Path) -> str:
    corpora = QA / "chunking/corpora"
    home, notes = folder / "home-speed", folder / "speed"
    notes.mkdir()
    words = "".join(path.read_text(encoding="utf-8") for path in sorted(corpora.glob("*.md")))
    words += "".join(json.loads(line)["text"] for line in (QA / "qmsum-val/corpus.jsonl").open(encoding="utf-8"))
    size = 8_000
    for n in range(0, len(words), size):
        (notes / f"n{n // size:04}.md").write_text(f"# Note {n}\n\n{words[n : n + size]}", encoding="utf-8")
    report = json.loads(kb("ingest", notes, "--json", home=home))
    search = [sys.executable, "-m", "kb.cli", "search", "what is said about revenue", "--home", str(home)]
    seconds(search, 2)
    pairs = [(seconds([sys.executable, "-c", "import chromadb"], 3), seconds(search, 3)) for _ in range(4)]
    chroma, first = (statistics.median(column) for column in zip(*pairs, strict=True))
    help_time = seconds([str(Path(sys.executable).parent / "kb"), "--help"])
    warm_lines = folder / "warm.jsonl"
    with (QA / "chunking/questions_df.csv").open(encoding="utf-8") as handle:
        asked = [row["question"] for row in csv.DictReader(handle)][:200]
    warm_lines.write_text("".join(json.dumps({"query": q, "question": q}) + "\n" for q in asked), encoding="utf-8")
    found = [json.loads(line)["ms"] for line in kb("search", "--batch", warm_lines, home=home).splitlines()][5:]
    told = [json.loads(line)["ms"] for line in kb("ask", "--batch", warm_lines, home=home).splitlines()][5:]
    began = time.perf_counter()
    again = json.loads(kb("ingest", notes, "--json", home=home))
    twice = time.perf_counter() - began
    rows = [
        ("`kb --help`", f"{help_time:.2f} s", "≤ 0.3 s"),
        ("`import chromadb`", f"{chroma:.2f} s", ""),
        (
            f"`kb search`, fresh process, {report['chunks']:,} passages",
            f"{first:.2f} s = {first / chroma:.2f} ×",
            "≤ 2.2 ×",
        ),
        (
            "search, warm, p50 / p95",
            f"{statistics.median(found):.0f} / {statistics.quantiles(found, n=20)[18]:.0f} ms",
            "",
        ),
        ("ask, warm, p50 / p95", f"{statistics.median(told):.0f} / {statistics.quantiles(told, n=20)[18]:.0f} ms", ""),
        (
            f"a second ingest of {again['unchanged']} unchanged notes",
            f"{twice:.1f} s, {again['seconds']:.2f} s of it at work, {again['embedded']} embedded",
            "0 embedded",
        ),
    ]
    for row in rows:
        print(row, flush=True)
    return "## Speed\n\n`python bench/run.py speed`: medians of fresh processes, taken in turns.\n\n" + table(
        ("what", "measured", "asked"), rows
    )


EMBEDDING = """
import json, sys, time
import torch
texts = json.loads(open(sys.argv[2], encoding="utf-8").read())
if sys.argv[1] == "llama":
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from index.models import packaged_weights
    torch.set_num_threads(int(sys.argv[3]))
    model = HuggingFaceEmbedding(str(packaged_weights()), device="cpu")
    run = lambda part: model.get_text_embedding_batch(part)
else:
    from index.embed import open_embedder
    from kb import config
    model = open_embedder(config.load(threads=int(sys.argv[3])))
    run = model.embed
run(texts[:16])
began = time.perf_counter()
run(texts)
print(time.perf_counter() - began)
"""


def embedding(folder: Path) -> str:
    from index.embed import backend_name, open_embedder
    from kb import config

    text = (QA / "chunking/corpora/wikitexts.md").read_text(encoding="utf-8")
    text += (QA / "chunking/corpora/finance.md").read_text(encoding="utf-8")[:200_000]
    texts = [text[n : n + 850] for n in range(0, len(text), 850)]
    counted = open_embedder(config.load())
    tokens = sum(min(n, counted.window - 2) for n in counted.count(texts))
    held = folder / "texts.json"
    held.write_text(json.dumps(texts), encoding="utf-8")
    threads = str(os.cpu_count() or 1)
    taken: dict[str, list[float]] = {"kb": [], "llama": []}
    for _ in range(3):
        for name, times in taken.items():
            command = [sys.executable, "-c", EMBEDDING, name, str(held), threads]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT)
            if done.returncode:
                sys.exit(done.stderr)
            times.append(float(done.stdout.split()[-1]))
    ours, theirs = (tokens / statistics.median(taken[name]) for name in ("kb", "llama"))
    asked = "≥ 2 × where the CPU has bf16, ≥ 1 × elsewhere"
    rows = [
        ("LlamaIndex HuggingFaceEmbedding, its defaults", f"{theirs:,.0f}", "1", ""),
        (f"kb ({backend_name(config.load())})", f"{ours:,.0f}", f"{ours / theirs:.2f}", asked),
    ]
    print(rows, flush=True)
    return (
        f"## Embedding\n\n`python bench/run.py embedding`: {len(texts)} passages, {tokens:,} word pieces, "
        f"{threads} threads, median of three runs in turns.\n\n"
        + table(("what", "word pieces a second", "ratio", "asked"), rows)
    )


def answers(folder: Path) -> str:
    files = [QA / "answerability" / name for name in ("answerable.jsonl", "unanswerable.jsonl")]
    tool("make_corpus.py", "passages", *files, folder / "passages")
    gold, questions, run = folder / "gold.jsonl", folder / "questions.jsonl", folder / "answers.jsonl"
    gold.write_text("".join(file.read_text(encoding="utf-8") for file in files), encoding="utf-8")
    tool("make_corpus.py", "queries", gold, questions)
    home = folder / "home-answers"
    kb("ingest", folder / "passages", home=home)
    rows: list[tuple[object, ...]] = []
    # The second time without the reader, as where its file is missing.
    for reader in ("1", "0"):
        os.environ["KB_READER"] = reader
        kb("ask", "--batch", questions, home=home, out=run)
        got = score("answers", gold, run)
        rows.append(
            (
                "with the reader" if reader == "1" else "without it",
                got["auroc"],
                f"{got['false_answer']} of {got['unanswerable']}",
                f"{got['false_refusal']} of {got['answerable']}",
                got["citation_hit"],
                got["citation_recall"],
                got["citation_precision"],
            )
        )
        print(rows[-1], flush=True)
    del os.environ["KB_READER"]
    docs, asked = laid_out(folder, "anthropic-docs")
    kb("ingest", docs, home=folder / "home-docs")
    kb("ask", "--batch", asked, home=folder / "home-docs", out=run)
    share, refused = cited_right(run)
    head = ("", "AUROC", "false answers", "false refusals", "gold sentence cited", "recall", "precision")
    said = (
        "## Answers without a language model\n\n`python bench/run.py answers`: qa/answerability, all 300 passages in "
        "one home, scored by the shared scorer. The confidence was fitted on these questions among others, so the "
        "first three columns are a little kind to it; the curve below them is of ten-fold cross-validation.\n\n"
    )
    docs_said = (
        f"\nqa/anthropic-docs: a right section is cited for {share:.1%} of the questions (asked: 85 %); "
        f"{refused} of 100 were not answered.\n"
    )
    return said + table(head, rows) + docs_said + held_out()


def cited_right(run: Path) -> tuple[float, int]:
    """Of the documentation's questions: how many cite a right section, and how many were not answered."""
    relevant: dict[str, set[str]] = {}
    for line in (QA / "anthropic-docs/qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(re.sub(r"[^A-Za-z0-9._-]", "_", document))
    told = [json.loads(line) for line in run.read_text(encoding="utf-8").splitlines()]
    names = {row["id"]: {Path(unquote(c["uri"])).stem for c in row["citations"]} for row in told}
    right = [bool(relevant[query] & names.get(query, set())) for query in relevant]
    return sum(right) / len(right), sum(row["abstained"] for row in told)


def held_out() -> str:
    """The confidence on questions that its fit has not seen, and the curve that the threshold was read off."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    from bench.scorer import calibrate
    from kb.tutor import features
    from kb.tutor.answers import THIN

    with tempfile.TemporaryDirectory() as folder:
        x, y, kind = calibrate.measure(Path(folder))
    hard = calibrate.hard_rows(kind)
    weight = calibrate.weights(hard)
    out = ""
    for name, names in (("with the reader", features.READ_FEATURES), ("without it", features.PASSAGE_FEATURES)):
        held = calibrate.cross_validated(x[:, : len(names)], y, kind, weight, calibrate.C)
        auroc = roc_auc_score(y[hard], held[hard])
        everywhere = roc_auc_score(y, held)
        sure = np.sort(held[hard & (y == 1)])
        at = sure[int(0.12 * len(sure))]
        wrong = (held[hard & (y == 0)] >= at).mean()
        rows = [(t, f"{w:.1%}", f"{r:.1%}") for t, w, r in calibrate.curve(held, y, hard)]
        print(name, auroc, wrong, rows, flush=True)
        out += (
            f"\nCross-validated, {name}: AUROC {auroc:.3f} on qa/answerability (asked: 0.90), {everywhere:.3f} over "
            f"four homes; {wrong:.1%} false answers at 12 % false refusals (asked: 20 %). The threshold is {THIN}.\n\n"
            + table(("threshold", "false answers", "false refusals"), rows)
        )
    return out


def read(folder: Path) -> str:
    from bench.reading import reader

    return reader(folder)


def checked(folder: Path) -> str:
    from bench.checks import measure

    tally, (kept, caught) = measure()
    rows = [(fault, count["cases"], count["flagged"]) for fault, count in tally.items()]
    faults = [count for fault, count in tally.items() if fault != "none"]
    share = sum(c["flagged"] for c in faults) / sum(c["cases"] for c in faults)
    good = tally["none"]
    return (
        "## Checks\n\n`python bench/run.py checks`: a scripted model answers with a sentence of a real passage, one "
        f"thing wrong in it or none. Caught: {share:.1%} (asked: 95 %); good ones flagged: "
        f"{good['flagged'] / good['cases']:.1%} (asked: at most 5 %).\n\n"
        + table(("fault", "cases", "flagged"), rows)
        + f"\nReworded statements that people judged (begin, held out): {kept:.1%} of the supported are kept, "
        f"{caught:.1%} of the others flagged.\n"
    )


def levelled(folder: Path) -> str:
    from bench.levels import measure, tally
    from kb.documents import LEVELS

    rows = measure()
    apart, rising, means = tally(rows)
    return (
        f"## Levels\n\n`python bench/run.py levels`: {len(rows)} questions over written sources, textstat's grade of "
        f"the quoted answers. eli5 reads at least two grades below expert for {apart:.0%} of them (asked: 90 %); "
        f"{rising:.0%} never fall by more than half a grade from level to level (asked: all).\n\n"
        + table(("", *LEVELS), [("mean grade", *(f"{mean:.1f}" for mean in means))])
    )


def overhead(folder: Path) -> str:
    from bench.overhead import measure

    got = measure(folder / "home")
    rows = [
        (
            "until a model is asked, the reader's time aside, p50 / p95",
            f"{got['p50']:.0f} / {got['p95']:.0f} ms",
            "≤ 150 ms",
        ),
        ("the reader's time, p50", f"{got['reader p50']:.0f} ms", ""),
        ("a quoted answer, p50 / p95", f"{got['quoted p50']:.0f} / {got['quoted p95']:.0f} ms", "≤ 450 / 800 ms"),
        (
            "most memory of a process that asks, with the reader and without",
            f"{got['memory']:.0f} MB, {got['memory without']:.0f} MB",
            "at most 250 MB more",
        ),
    ]
    print(rows, flush=True)
    return (
        f"## Before the first word\n\n`python bench/run.py overhead`: {got['chunks']:,} passages, {got['asked']} "
        "questions, warm.\n\n" + table(("what", "measured", "asked"), rows)
    )


def heard(folder: Path) -> str:
    """Misheard names, before and after."""
    from bench.names import measure

    rows = []
    for name, (one, five, mrr), ranks in measure(SHARED, folder / "home"):
        rows.append((name, f"{one:.1f} %", f"{five:.1f} %", f"{mrr:.3f}"))
        print(rows[-1], len(ranks), flush=True)
    return (
        f"## Misheard names\n\n`python bench/run.py names`: {len(ranks)} questions (bench/names.jsonl) that spell "
        "names right, over a workshop and a paper club that do not, among 59 podcasts. A hit holds the line that "
        "answers.\n\n" + table(("search", "first hit", "first five", "MRR of ten"), rows)
    )


def synced(folder: Path) -> str:
    from bench.sync import sync

    return sync(folder)


def threaded(folder: Path) -> str:
    from bench.threads import threads

    return threads(folder)


def fed(folder: Path) -> str:
    from bench.feeds import feeds

    return feeds(folder, SHARED, table)


def quizzed(folder: Path) -> str:
    from bench.quiz import quiz

    return quiz(folder, SHARED, table)


def recorded(folder: Path) -> str:
    from bench.recordings import recordings

    return recordings(folder)


def paged(folder: Path) -> str:
    from bench.pages import EVERY, LASTS, PEOPLE, measure

    got = measure(folder / "home")
    ms = {name: f"{value:.0f} ms" for name, value in got.items()}
    drift = 100 * (got["rss highest"] / got["rss before"] - 1)
    rows = [
        ("process started → page served, by `import gradio`", f"{got['start ratio']:.2f} ×", "≤ 2 ×"),
        (
            "announced → page usable, median of 5 (worst)",
            f"{got['usable']:.2f} s ({got['usable worst']:.2f} s)",
            "≤ 2.5 s",
        ),
        ("question → headline, p50", ms["headline p50"], ""),
        ("question → first words of the answer, p50", ms["first words p50"], "≤ 400 ms"),
        ("the same, p95", ms["first words p95"], "≤ 700 ms"),
        ("citation click → card, p50 / p95", f"{ms['card p50']} / {ms['card p95']}", "≤ 150 ms"),
        (
            "one person, whole answer, p50 / p95",
            f"{1000 * got['alone p50']:.0f} / {1000 * got['alone p95']:.0f} ms",
            "",
        ),
        (
            f"{PEOPLE} people, each every {EVERY:.0f} s for {LASTS:.0f} s: p95 of {got['many']:.0f} answers",
            f"{1000 * got['many p95']:.0f} ms, {got['many p95'] / got['alone p95']:.2f} × the lone p95",
            "≤ 3 ×",
        ),
        ("errors", f"{got['errors']:.0f}", "0"),
        (
            f"memory over {got['rounds']:.0f} questions of four people",
            f"{got['rss before']:.0f} → {got['rss after']:.0f} MB (at most {drift:+.1f} %)",
            "± 5 %",
        ),
    ]
    return (
        f"## Pages\n\n`python bench/run.py pages`: `kb ui` over {got['chunks']:,} passages, without a language model; "
        f"Chromium through Playwright, {got['asked']:.0f} questions, {got['cards']:.0f} cards. The twenty people speak "
        "the page's own protocol.\n\n" + table(("what", "measured", "asked"), rows)
    )


def killed(folder: Path) -> str:
    """A hundred kills, in the script's own process."""
    command = [sys.executable, str(ROOT / "bench/kills.py"), "--kills", "100"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT)
    print(done.stdout, done.stderr[-500:], flush=True)
    lines = "".join(f"- {line}\n" for line in done.stdout.splitlines())
    return f"## Kills\n\n`python bench/kills.py --kills 100`: kill -9 at random moments of an ingest.\n\n{lines}"


def keep_what_stands(names: list[str]) -> None:
    """Take the parts of a page that was written elsewhere for those that were not measured here, with their dates."""
    head, *sections = re.split(r"(?m)^(?=## )", PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    dates = re.findall(r"\d{4}-\d\d-\d\d", head)
    for section in sections:
        heading, _, body = section.partition("\n")
        name = HEADINGS.get(heading.removeprefix("## "), "")
        if name in names and not (PARTS / f"{name}.md").exists():
            if dates and "Measured on " not in body:
                body = f"\nMeasured on {dates[-1]}.\n{body}"
            (PARTS / f"{name}.md").write_text(f"{heading}\n{body}".rstrip("\n") + "\n", encoding="utf-8")


def main() -> None:
    if not QA.is_dir():
        sys.exit(f"The judged collections are not at {SHARED}; set KB_TEST_DATA.")
    parts = {
        "quality": quality,
        "names": heard,
        "speed": speed,
        "embedding": embedding,
        "answers": answers,
        "reader": read,
        "checks": checked,
        "levels": levelled,
        "overhead": overhead,
        "sync": synced,
        "threads": threaded,
        "feeds": fed,
        "quiz": quizzed,
        "pages": paged,
        "recordings": recorded,
        "kills": killed,
    }
    PARTS.mkdir(parents=True, exist_ok=True)
    keep_what_stands(list(parts))
    for name in sys.argv[1:] or list(parts):
        with tempfile.TemporaryDirectory(prefix="kb-bench-") as folder:
            (PARTS / f"{name}.md").write_text(parts[name](Path(folder)), encoding="utf-8")
    put_together(list(parts))


def put_together(names: list[str]) -> None:
    """Write the page from the parts that there are."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    head = (
        "# Benchmarks\n\nWritten by `make bench`. The collections are those of the shared material (KB_TEST_DATA); "
        f"nothing of them is in this repository. This machine: {os.cpu_count()} cores, {cpu}, "
        f"Python {platform.python_version()}, no GPU; {dt.datetime.now(tz=dt.UTC).date().isoformat()}.\n\n"
    )
    written = [(PARTS / f"{name}.md").read_text(encoding="utf-8") for name in names if (PARTS / f"{name}.md").exists()]
    PAGE.write_text(head + "\n".join(written), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
