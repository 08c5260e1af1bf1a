"""Settings: which model answers, what is in the base, what is missing and how to get it."""

from __future__ import annotations

import gradio as gr

from kb.errors import KbError
from kb.library import Library
from ui.render.html import action, notice, words
from ui.render.panel import panel


class SettingsPage:
    """The tab's parts and what they do."""

    def __init__(self, library: Library, tools: str) -> None:
        """`tools` says whether other programs may use this base (MCP)."""
        self._library = library
        self._tools = tools

    def build(self) -> None:
        """Put the parts on the page, in the tab that is being built."""
        self.page = panel("", elem_id="kb-settings")
        self.check = gr.Button("Check everything", elem_id="kb-check", size="sm")
        self.findings = panel("", elem_id="kb-findings")

    def connect(self) -> None:
        """Connect the parts that belong to this tab."""
        self.check.click(self._checked, None, [self.findings], show_progress="minimal", api_visibility="private")

    def shown(self) -> str:
        """How the base stands."""
        try:
            found = self._library.status()
        except KbError as error:
            return notice(str(error), "bad")
        config = self._library.config
        if found.llm:
            model = f"{found.llm}. Your question and the passages that fit it are sent there."
        else:
            model = (
                "None is set: answers are quoted from your sources, word for word, and nothing leaves this machine. "
                "To have them written, name an OpenAI-compatible endpoint by KB_LLM_URL and KB_LLM_MODEL and start "
                "kb ui again; Check everything says if one runs on this machine."
            )
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in found.kinds.items())
        rows = [
            ("Language model", model),
            ("Reader", found.reader),
            ("Embedding model", f"{found.model} by {found.backend}"),
            (
                "In the base",
                f"{found.documents:,} sources, {found.chunks:,} passages" + (f" ({kinds})" if kinds else ""),
            ),
            (
                "Failed",
                f"{len(found.failures)} sources; Library lists them with the reason" if found.failures else "none",
            ),
            ("Waiting", f"{len(found.queued)} sources" if found.queued else "none"),
            ("Home", f"{found.home} ({found.disk_mb:,.1f} MB)"),
            ("Writing now", found.writer or "nobody"),
            ("Level when none is picked", config.level),
            ("Other programs (MCP)", self._tools),
            ("Leaves this machine", _leaves(bool(found.llm))),
        ]
        cells = "".join(f"<div><dt>{words(name)}</dt><dd>{words(value)}</dd></div>" for name, value in rows)
        themes = "".join(
            action("theme", label, f"{label} colours", theme=theme)
            for label, theme in (("As the system", "system"), ("Light", "light"), ("Dark", "dark"))
        )
        return (
            f'<dl class="kb-facts kb-settings">{cells}</dl>'
            f'<div class="kb-row" role="group" aria-label="Colours">{themes}</div>'
        )

    def _checked(self) -> str:
        """What `kb doctor` finds."""
        try:
            findings = self._library.doctor()
        except KbError as error:
            return notice(str(error), "bad")
        rows = [
            f'<li class="kb-{"good" if one.well else "bad"}"><b>{words(one.name)}</b>: {words(one.seen)}'
            + (
                f'<br><span class="kb-quiet">What to do: {words(one.remedy)}</span>'
                if one.remedy and not one.well
                else ""
            )
            + (
                f'<br><span class="kb-quiet">{words(one.remedy)}</span>'
                if one.well and "to use it" in one.remedy
                else ""
            )
            + "</li>"
            for one in findings
        ]
        return f'<ul class="kb-findings">{"".join(rows)}</ul>'


def _leaves(model: bool) -> str:
    told = "requests for the addresses and feeds that you name"
    return f"{told}; what the language model is sent" if model else told
