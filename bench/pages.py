"""How fast the tutor's pages are, in Chromium, on a library of 20,000 passages, and how it bears twenty people.

    python bench/pages.py [HOME]

Start-up is told as a ratio to `import gradio` in a process of its own. People are told apart by their sessions: each is
a client of the page's own protocol, so that twenty browsers do not take the two cores that the server runs on.
"""

from __future__ import annotations

import asyncio
import csv
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
import kb
from bench import overhead
from bench.tools import SHARED, table

PASSAGES = 20_000
PEOPLE, EVERY, LASTS = 20, 10.0, 180.0
ALONE = 40
ROUNDS = 500
Figures = dict[str, float]


def questions() -> list[str]:
    with (SHARED / "data/qa/chunking/questions_df.csv").open(encoding="utf-8") as handle:
        return [row["question"] for row in csv.DictReader(handle)]


def fill(home: Path) -> int:
    """A library of 20,000 passages: judged long texts, and short sections beside them."""
    with kb.open(home) as library:
        if library.passages() < PASSAGES:
            with tempfile.TemporaryDirectory() as folder:
                overhead.lay_out(Path(folder) / "sections", PASSAGES - 2_000)
                library.ingest([Path(folder) / "sections", SHARED / "data/qa/chunking/corpora"])
        return library.passages()


class Served:
    """`kb ui` as a process of its own."""

    def __init__(self, home: Path) -> None:
        began = time.perf_counter()
        command = [sys.executable, "-m", "kb.cli", "ui", "--home", str(home), "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.announced = time.perf_counter()
        httpx.get(self.url).raise_for_status()
        self.served = time.perf_counter() - began

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)

    def rss(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6


def importing() -> float:
    """Seconds of a process that imports gradio and ends."""
    began = time.perf_counter()
    code = "import os; os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'; import gradio"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


def in_chromium(home: Path) -> Figures:
    """Start, first page, questions and citation cards as a person has them."""
    from playwright.sync_api import sync_playwright

    ratios, usable = [], []
    first_words: list[float] = []
    headlines: list[float] = []
    cards: list[float] = []
    importing()  # so that both find their files in memory
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for turn in range(5):
            baseline = importing()
            with Served(home) as server:
                ratios.append(server.served / baseline)
                page = browser.new_context().new_page()
                page.goto(server.url)
                page.wait_for_selector("body.kb-ready")
                page.wait_for_function("document.querySelector('#kb-question textarea')?.disabled === false")
                usable.append(time.perf_counter() - server.announced)
                if turn < 4:
                    page.context.close()
                    continue
                time.sleep(4)
                for n, question in enumerate(questions()[: ALONE + 5]):
                    got = _asked(page, question)
                    if n >= 5:
                        headlines.append(got[0])
                        first_words.append(got[1])
                        cards.extend(_opened(page))
        browser.close()
    return {
        "start ratio": statistics.median(ratios),
        "usable": statistics.median(usable),
        "usable worst": max(usable),
        "headline p50": statistics.median(headlines),
        "first words p50": statistics.median(first_words),
        "first words p95": p95(first_words),
        "card p50": statistics.median(cards),
        "card p95": p95(cards),
        "cards": len(cards),
        "asked": len(first_words),
    }


_ASK = """question => new Promise(done => {
  const now = document.querySelector('#kb-now');
  const began = performance.now();
  let headline = 0;
  const look = () => {
    const turn = now.querySelector('.kb-turn:not([hidden])');
    if (!turn || turn.querySelector('.kb-asked')?.textContent !== question) return;
    headline ||= performance.now() - began;
    if (turn.querySelector('.kb-claims')) { watch.disconnect(); done([headline, performance.now() - began]); }
  };
  const watch = new MutationObserver(look);
  watch.observe(now, {subtree: true, childList: true, characterData: true, attributes: true});
  document.querySelector('#kb-ask').click();
})"""
_OPEN = """n => new Promise(done => {
  const card = document.querySelector('#kb-card');
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!card.hidden && card.querySelector('.kb-passage')) { watch.disconnect(); done(performance.now() - began); }
  });
  watch.observe(card, {subtree: true, childList: true, attributes: true});
  document.querySelectorAll('#kb-now .kb-turn:not([hidden]) .kb-cite')[n].click();
})"""


def _asked(page: Any, question: str) -> tuple[float, float]:
    """Milliseconds from the click to the headline, and to the first words of the answer."""
    question = " ".join(question.split())
    page.fill("#kb-question textarea", question)
    page.wait_for_timeout(120)  # what was typed has reached the page's state
    headline, words = page.evaluate(_ASK, question)
    page.wait_for_selector("body:not(.kb-busy)")
    page.wait_for_timeout(150)
    return headline, words


def _opened(page: Any) -> list[float]:
    count = page.locator("#kb-now .kb-turn:not([hidden]) .kb-cite").count()
    times = []
    for n in range(min(count, 3)):
        times.append(page.evaluate(_OPEN, n))
        page.keyboard.press("Escape")
    return times


class Person:
    """One person's page, by the protocol that Gradio's own page speaks: join the queue, read what comes."""

    def __init__(self, client: httpx.AsyncClient, url: str, config: dict[str, Any]) -> None:
        self._client, self._url = client, url
        self._session = uuid.uuid4().hex[:11]
        ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
        self._ask = next(d for d in config["dependencies"] if [ids["kb-ask"], "click"] in d["targets"] and d["outputs"])

    async def ask(self, question: str) -> tuple[float, float]:
        """Seconds to the first words of the answer and to its end. Raises `RuntimeError` for what is no answer."""
        began = time.perf_counter()
        data = [question, "practitioner", [], [], "", "", "", "[]", None]
        body = {"data": data, "fn_index": self._ask["id"], "session_hash": self._session, "trigger_id": None}
        joined = await self._client.post(f"{self._url}/gradio_api/queue/join", json=body)
        joined.raise_for_status()
        first, text = 0.0, ""
        async with self._client.stream(
            "GET", f"{self._url}/gradio_api/queue/data", params={"session_hash": self._session}
        ) as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message["msg"] in ("process_generating", "process_completed"):
                    said = json.dumps(message)
                    text += said
                    if not first and "kb-claims" in said:
                        first = time.perf_counter() - began
                    if not message.get("success", True):
                        raise RuntimeError(said[:300])
                if message["msg"] in ("process_completed", "close_stream"):
                    break
        if not first or "kb-failed" in text:
            raise RuntimeError(text[:300])
        return first, time.perf_counter() - began


async def crowd(
    url: str, people: int, every: float, lasts: float, most: int = 100_000, look: Callable[[], None] = lambda: None
) -> tuple[list[float], list[str]]:
    """So many people who each ask every so many seconds; the seconds to their answers' ends, and what went wrong."""
    asked = questions()
    took: list[float] = []
    wrong: list[str] = []
    luck = random.Random(7)
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client:
        config = (await client.get(f"{url}/config")).json()

        async def person(late: float) -> None:
            own = Person(client, url, config)
            until = time.perf_counter() + lasts
            await asyncio.sleep(late)
            while time.perf_counter() < until and len(took) < most:
                began = time.perf_counter()
                try:
                    took.append((await own.ask(luck.choice(asked)))[1])
                    look()
                except (RuntimeError, httpx.HTTPError) as error:
                    wrong.append(repr(error))
                await asyncio.sleep(max(every - (time.perf_counter() - began), 0))

        await asyncio.gather(*(person(luck.uniform(0, every)) for _ in range(people)))
    return took, wrong


def with_people(home: Path) -> Figures:
    """The lone figure, twenty people for three minutes, and memory over 500 questions."""
    with Served(home) as server:
        asyncio.run(crowd(server.url, 1, 0.0, 10))
        alone, wrong = asyncio.run(crowd(server.url, 1, 1.0, 45))
        many, more = asyncio.run(crowd(server.url, PEOPLE, EVERY, LASTS))
        # The same four people for 600 questions; what the first hundred fill (caches, threads) is not counted.
        rss: list[float] = []
        took, again = asyncio.run(crowd(server.url, 4, 0.0, 600, ROUNDS + 100, lambda: rss.append(server.rss())))
        more += again
    return {
        "alone p50": statistics.median(alone),
        "alone p95": p95(alone),
        "many": len(many),
        "many p95": p95(many),
        "errors": len(wrong) + len(more),
        "rss before": rss[100],
        "rss after": rss[-1],
        "rss highest": max(rss[100:]),
        "rounds": len(took) - 100,
    }


def measure(home: Path) -> Figures:
    chunks = fill(home)
    return {"chunks": chunks, **in_chromium(home), **with_people(home)}


def section(folder: Path) -> str:
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "home"), indent=1))


if __name__ == "__main__":
    main()
