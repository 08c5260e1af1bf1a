"""The chat: a question, its answer as it comes, with numbered sources; the same simpler, deeper, or as a quiz."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import gradio as gr

from index.filters import Filters
from kb.errors import KbError, UsageError
from kb.library import Library, sample, to_json
from kb.text.markdown import name_of
from kb.types.answers import LEVELS, Answer
from kb.types.documents import KINDS
from ui.render import answers, source_card
from ui.render.html import action, notice
from ui.render.panel import panel
from ui.sessions import Session

# Answers that are made at once; more wait their turn, as two cores do not get faster by it.
AT_ONCE = 4
_DRAWN_EVERY = 24  # characters of a draft
_MOST_NAMED = 300  # sources in the picker; any other is found by typing its title
_MOST_RESTORED = 40
_LEVELS = [(answers.LEVEL_NAMES[level], level) for level in LEVELS]
Update = tuple[Any, ...]


class ChatPage:
    """The chat's parts and what they do."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def build(self) -> None:
        """Put the parts on the page, in the tab that is being built."""
        with gr.Row(elem_classes="kb-chat"):
            with gr.Column(scale=3, min_width=320):
                self.welcome = panel(self._welcome(), elem_id="kb-welcome")
                self.log = panel(
                    '<div id="kb-log" class="kb-log"></div>',
                    elem_id="kb-chat",
                    part="chat",
                    asked=[self.again],
                )
                self.now = panel("", elem_id="kb-now")
                with gr.Column(elem_classes="kb-ask"):
                    self.question = gr.Textbox(
                        label="Your question",
                        placeholder="Ask your sources",
                        lines=1,
                        max_lines=6,
                        elem_id="kb-question",
                        autofocus=True,
                    )
                    with gr.Row(elem_classes="kb-ask-row"):
                        self.level = gr.Radio(
                            _LEVELS, value=self._library.config.level, label="Explain to me as", elem_id="kb-level"
                        )
                        self.stop = gr.Button("Stop", variant="stop", elem_id="kb-stop", min_width=80)
                        self.ask = gr.Button("Ask", variant="primary", elem_id="kb-ask", min_width=80)
                with gr.Accordion("Search only in…", open=False, elem_id="kb-filters"):
                    with gr.Row():
                        self.kinds = gr.Dropdown(list(KINDS), multiselect=True, label="Kinds")
                        self.tags = gr.Dropdown([], multiselect=True, label="Tags")
                    with gr.Row():
                        self.source = gr.Dropdown([], label="One source", allow_custom_value=True, value="")
                        self.since = gr.Textbox(label="Since", placeholder="2026-05-01 or 7d", max_lines=1)
                        self.until = gr.Textbox(label="Until", placeholder="2026-06-01", max_lines=1)
                panel(_CHATS)
            with gr.Column(scale=2, min_width=300, elem_classes="kb-side"):
                panel(
                    '<aside id="kb-card" class="kb-card" aria-label="The source" hidden></aside>',
                    part="card",
                    asked=[self.card],
                )
        self.before = gr.Textbox(visible=False)
        self.session = gr.State(None, time_to_live=6 * 3600)
        self.preferred = gr.BrowserState("", storage_key="kb.level", secret="kb")  # noqa: S106 # hides nothing

    def connect(self) -> None:
        """Connect the parts that belong to this tab."""
        filters = [self.kinds, self.tags, self.source, self.since, self.until]
        inputs = [self.question, self.level, *filters, self.before, self.session]
        outputs = [self.now, self.question, self.session]
        settings: dict[str, Any] = {
            "outputs": outputs,
            "js": "(...inputs) => window.kb.beginning(...inputs)",
            "concurrency_limit": AT_ONCE,
            "concurrency_id": "answers",
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        typing = {**settings, "js": "(...inputs) => (window.kb ? window.kb.asking(...inputs) : inputs)"}
        typed = gr.on([self.ask.click, self.question.submit], self._asked, inputs, **typing)
        told = self.log.select(self._told_again, inputs, **settings)
        narrowed = self.log.apply(self._narrowed, inputs[-2:], **settings)
        for event in (typed, told, narrowed):
            event.then(None, None, None, js="() => window.kb.done()")
        self.stop.click(None, None, None, cancels=[typed, told, narrowed], js="() => window.kb.stopped()")
        self.log.clear(self._forgotten, [self.session], [self.session], queue=False, api_visibility="private")
        self.level.change(
            lambda level: level, [self.level], [self.preferred], queue=False, show_progress="hidden",
            api_visibility="private",
        )  # fmt: skip

    def loaded(self, preferred: str) -> Update:
        """What a page that was just opened shows: the chat's beginning, the level chosen last, what can be filtered."""
        level = preferred if preferred in LEVELS else self._library.config.level
        rows = [row for row in self._library.sources() if row.document_id is not None][:_MOST_NAMED]
        often = Counter(row.title for row in rows)
        # Of sources that share a title each is told apart by its file.
        titles = [
            (row.title if often[row.title] == 1 else f"{row.title} ({name_of(row.uri)})", row.document_id)
            for row in rows
        ]
        return (
            self._welcome(),
            gr.update(value=level),
            gr.update(choices=self._library.tags()[:_MOST_NAMED]),
            gr.update(choices=titles),
        )

    # What the page's script asks for

    def card(self, cited: dict[str, Any]) -> str:
        """The source card of a citation."""
        try:
            return source_card.card(self._library, cited)
        except KbError as error:
            return source_card.broken(str(error))

    def again(self, kept: str) -> str:
        """The turns of a chat that the browser kept."""
        try:
            found = json.loads(kept)
            return "".join(answers.answered(turn) for turn in found[-_MOST_RESTORED:])
        except (ValueError, KeyError, TypeError, AttributeError):
            return notice("This chat was kept by another version of kb and cannot be shown.", "warning")

    # Questions

    def _asked(
        self,
        question: str,
        level: str,
        kinds: Sequence[str],
        tags: Sequence[str],
        source: str | None,
        since: str | None,
        until: str | None,
        before: str,
        session: Session | None,
    ) -> Iterator[Update]:
        if not question.strip():
            yield gr.skip(), gr.skip(), gr.skip()
            return

        def coming(own: Session) -> Generator[str, None, Answer]:
            filters = self._filters(kinds, tags, source, since, until)
            return own.conversation.ask(question, level, filters=filters, trace=True)

        yield from self._turn(question, before, session, coming)

    def _told_again(
        self,
        _typed: str,
        level: str,
        kinds: Sequence[str],
        tags: Sequence[str],
        source: str | None,
        since: str | None,
        until: str | None,
        before: str,
        session: Session | None,
        event: gr.EventData,
    ) -> Iterator[Update]:
        """The answer to a question at another level: from the same evidence if it is the last one's."""
        question, wanted = str(event._data.get("question", "")), str(event._data.get("level") or level)
        meant = str(event._data.get("searched") or question)

        def coming(own: Session) -> Generator[str, None, Answer]:
            if own.is_last(question):
                return own.conversation.again(wanted)
            filters = self._filters(kinds, tags, source, since, until)
            # Of an older turn "it" meant what was spoken of then.
            return own.conversation.ask(meant, wanted, filters=filters, trace=True)

        yield from self._turn(question, before, session, coming, keep=gr.skip())

    def _narrowed(self, before: str, session: Session | None, event: gr.EventData) -> Iterator[Update]:
        """A question again, with a filter that its answer offered."""
        question, level = str(event._data.get("question", "")), str(event._data.get("level", ""))
        meant = str(event._data.get("searched") or question)
        flags = [str(flag) for flag in event._data.get("flags", [])]
        given = dict(zip(flags[::2], flags[1::2], strict=False))

        def coming(own: Session) -> Generator[str, None, Answer]:
            filters = self._library.filters(
                [given["--kind"]] if "--kind" in given else (),
                [given["--tag"]] if "--tag" in given else (),
                given.get("--source"),
                given.get("--since"),
                given.get("--until"),
            )
            return own.conversation.ask(meant, level or None, filters=filters, trace=True)

        yield from self._turn(question, before, session, coming, keep=gr.skip())

    def _turn(
        self,
        question: str,
        before: str,
        session: Session | None,
        coming: Callable[[Session], Generator[str, None, Answer]],
        keep: Any = "",
    ) -> Iterator[Update]:
        """A turn as it comes: at once what was asked, then the draft, then the checked answer or what went wrong."""
        try:
            count = self._library.passages()
            yield answers.begun(question, count), keep, gr.skip()
            own = session or Session(self._library)
            own.recall(before)
            telling, draft, drawn = coming(own), "", 0
            try:
                while True:
                    draft += next(telling)
                    if len(draft) - drawn >= _DRAWN_EVERY:
                        drawn = len(draft)
                        yield answers.draft(question, draft), gr.skip(), gr.skip()
            except StopIteration as done:
                yield answers.answered(to_json.ask(done.value)), gr.skip(), own
            finally:
                telling.close()  # a stopped answer lets go of its model's line
        except KbError as error:
            yield answers.failed(question, str(error)), gr.skip(), gr.skip()

    def _filters(
        self, kinds: Sequence[str], tags: Sequence[str], source: str | None, since: str | None, until: str | None
    ) -> Filters | None:
        named = (source or "").strip()
        found = self._library.filters(
            kinds or (),
            tags or (),
            self._id_of(named) if named else None,
            (since or "").strip() or None,
            (until or "").strip() or None,
        )
        return found or None

    def _id_of(self, named: str) -> str:
        """The document that a title, a part of one, or an id names. Raises `UsageError` where that is not one."""
        rows = [row for row in self._library.sources() if row.document_id is not None]
        wanted = named.casefold()
        for fits in (
            [row for row in rows if wanted in (row.title.casefold(), row.document_id)],
            [row for row in rows if wanted in row.title.casefold()],
        ):
            if len({row.document_id for row in fits}) == 1:
                return str(fits[0].document_id)
            if fits:
                names = ", ".join(dict.fromkeys(row.title for row in fits[:5]))
                raise UsageError(f"“{named}” fits {len(fits)} sources ({names}). Write more of the title.")
        raise UsageError(f"No source is called “{named}”.")

    def _forgotten(self, session: Session | None) -> None:
        return None

    # What stands in an empty chat

    def _welcome(self) -> str:
        count, documents = self._library.passages(), self._library.documents()
        if not count:
            return (
                "<h2>Nothing is in this knowledge base yet</h2>"
                "<p>Give it your notes, transcripts, papers, link digests or threads, and it answers questions from "
                "them, at the level you pick, each statement with the place that it came from.</p>"
                f'<div class="kb-row">{action("tab", "Add your own", tab="library")}'
                f"{action('sample', 'Try the sample')}</div>"
            )
        told = f"<h2>Ask your sources</h2><p>{documents:,} sources, {count:,} passages. Every statement of an answer "
        told += "leads to the words that it rests on; where your sources do not say, the answer says so.</p>"
        if self._has_sample():
            told += f'<div class="kb-row">{action("example", sample.QUESTION, question=sample.QUESTION)}</div>'
        return told

    def _has_sample(self) -> bool:
        try:
            uri = (sample.folder() / "notes" / "retrieval.md").absolute().as_uri()
        except UsageError:
            return False
        return self._library.has(uri)


_CHATS = f"""
<details class="kb-history"><summary>Chats kept in this browser</summary>
<ul id="kb-chats"></ul><p id="kb-no-chats" class="kb-quiet">None yet.</p>
<div class="kb-row">{action("new-chat", "New chat")}
{action("save-chat", "Save this chat as Markdown", form="markdown")}
{action("save-chat", "Save this chat as JSON", form="json")}</div></details>
"""
