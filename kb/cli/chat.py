"""`kb ask`, `kb chat` and `kb check`: answers as they come, and what of a text stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

from kb.cli.options import typed_line
from kb.cli.render import answers as render_answers
from kb.cli.render.terminal import console, safe
from kb.errors import KbError, UsageError
from kb.library import to_json
from kb.quiz import to_json as quiz_json

if TYPE_CHECKING:
    from rich.console import Console

    from kb.answer.conversation import Conversation
    from kb.library import Library
    from kb.types.answers import Answer

_HELP = """\
Ask a question. A follow-up may say "it". Besides:
  simpler, deeper     the last answer at the next level, from the same sources
  quiz me (on TOPIC)  questions on the last answer, or on a topic; what was asked comes back in kb review
  /level LEVEL        eli5, beginner, practitioner or expert, from now on
  /only N             the last question again, with the filter that was offered as N
  /new                begin anew
  /quit               (or Ctrl-D)"""


def told(coming: Generator[str, None, Answer], watch: Callable[[str], None]) -> Answer:
    """An answer, each part of its draft given to `watch` as it comes."""
    while True:
        try:
            watch(next(coming))
        except StopIteration as done:
            made: Answer = done.value
            return made


def shown_live(coming: Generator[str, None, Answer], written: bool) -> Answer:
    """An answer, its draft drawn while it is written; the draft goes when the checked answer is there.

    `written`: a language model writes, so that there is something to watch. Drawn on standard error, for people only.
    """
    if not written or not sys.stderr.isatty():
        return told(coming, lambda _: None)
    from rich.live import Live
    from rich.text import Text

    draft: list[str] = []
    with Live(console=console(stderr=True), transient=True, refresh_per_second=12) as live:

        def watch(part: str) -> None:
            draft.append(part)
            lines = "".join(draft)[-4000:].splitlines()
            live.update(Text("\n".join(safe(line) for line in lines), "dim"))

        return told(coming, watch)


def chat(library: Library, level: str | None, json: bool) -> int:
    """A conversation on standard input: a question a line, an answer each; JSON lines if asked for."""
    conversation = library.chat()
    if level is not None:
        from kb.answer.levels import check_level

        conversation.level = check_level(level)
    out = console()
    person = sys.stdin.isatty() and not json
    if person:
        out.print(_HELP + "\n")
    failed = 0
    while (line := typed_line(person)) is not None:
        if line in ("/quit", "/q", "/exit", "quit", "exit"):
            break
        if line:
            failed += not _turn(library, conversation, line, json, out)
    return 1 if failed else 0


def _turn(library: Library, conversation: Conversation, line: str, json: bool, out: Console) -> bool:
    """One line of a conversation; whether it was well."""
    try:
        if quiz := re.fullmatch(r"/?quiz(?: me)?(?: (?:on|about) (.+?))?[.!]?", line, re.IGNORECASE):
            _quiz(library, conversation, quiz[1] or "", json, out)
            return True
        coming = _meant(library, conversation, line, out)
        if coming is None:
            return True
        answer = shown_live(coming, library.llm() is not None)
    except KbError as error:
        if error.exit_code == 3:
            raise
        print(to_json.dump({"error": str(error)}) if json else f"kb: {error}", flush=True)
        return False
    if json:
        print(to_json.dump(to_json.ask(answer)), flush=True)
    else:
        render_answers.answer(out, answer)
        out.print()
    return True


def _quiz(library: Library, conversation: Conversation, topic: str, json: bool, out: Console) -> None:
    """Ask about a topic, or about the last answer."""
    from kb.cli import quiz as learning

    if not topic and conversation.last is None:
        raise UsageError("Ask something first, or say: quiz me on TOPIC.")
    last = conversation.last
    made = library.quiz(topic) if topic or last is None else library.quiz_on(last.answer)
    if json:
        print(to_json.dump(quiz_json.quiz(made)), flush=True)
    else:
        learning.play(library, made, out)


def _meant(
    library: Library, conversation: Conversation, line: str, out: Console
) -> Generator[str, None, Answer] | None:
    """What a line asks for; None if it only sets something."""
    word, _, rest = line.partition(" ")
    bare = line.lower().strip("/.! ")
    if bare in ("simpler", "deeper"):
        return conversation.step(-1 if bare == "simpler" else 1)
    if word == "/level":
        if conversation.last is None:
            from kb.answer.levels import check_level

            conversation.level = check_level(rest.strip())
            return None
        return conversation.again(rest.strip())
    if word == "/only":
        return _only(library, conversation, rest.strip())
    if word == "/new":
        conversation.forget()
        return None
    if word in ("/help", "/?"):
        out.print(_HELP)
        return None
    if word.startswith("/") and len(word) > 1 and "/" not in word[1:]:
        raise UsageError(f"There is no {word} here; /help lists what there is.")
    return conversation.ask(line)


def _only(library: Library, conversation: Conversation, number: str) -> Generator[str, None, Answer]:
    """The last question again, with a filter that was offered."""
    last = conversation.last
    offers = last.answer.offers if last is not None else ()
    if last is None or not number.isdigit() or not 1 <= int(number) <= len(offers):
        raise UsageError(f"There is no offer {number!r}; the last answer made {len(offers)}.")
    flags = offers[int(number) - 1].flags
    given = dict(zip(flags[::2], flags[1::2], strict=True))
    filters = library.filters(
        [given["--kind"]] if "--kind" in given else (),
        [given["--tag"]] if "--tag" in given else (),
        given.get("--source"),
        given.get("--since"),
        given.get("--until"),
    )
    return conversation.ask(last.answer.question, filters=filters)


def check(library: Library, file: str, named: list[str], json: bool) -> int:
    """Verdicts of a text's statements; 1 if any is not supported or a source cannot be had."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}).") from None
    beside = Path.cwd() if file == "-" else Path(file).parent
    found = library.check(text, named, beside)
    if json:
        print(to_json.dump(to_json.checked(found)))
    else:
        render_answers.checked(console(), found)
    return 0 if found.supported == len(found.verdicts) and not found.missing else 1
