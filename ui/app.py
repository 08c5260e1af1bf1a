"""The page: a head, a tab a file, and what happens when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from kb.library import Library
from ui.jobs import Ingests
from ui.mcp import PATH
from ui.pages.chat import ChatPage
from ui.pages.digest import DigestPage
from ui.pages.library import LibraryPage
from ui.pages.quiz import QuizPage
from ui.pages.settings import SettingsPage
from ui.render.panel import panel

STATIC = Path(__file__).parent / "static"
_SCRIPTS = ("core", "card", "chat", "quiz", "digest", "library", "page")
HEAD = (
    '<link rel="stylesheet" href="kb/page.css"><script src="kb/page.js"></script>'
    '<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">'
)
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def script() -> str:
    """The page's script: its parts, in one scope of their own."""
    parts = [(STATIC / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def theme() -> gr.themes.Base:
    """Gradio's own theme with the system's fonts, so that none is loaded, and links that can be read."""
    base = gr.themes.Default(primary_hue="indigo", neutral_hue="slate", font=_FONTS, font_mono=_MONO)
    # White on the lighter indigo has a contrast of 4.46 to 1; 4.5 is asked for.
    dark = {"button_primary_background_fill": "*primary_700", "button_primary_background_fill_dark": "*primary_700"}
    hover = {name.replace("fill", "fill_hover"): "*primary_800" for name in dark}
    return base.set(**dark, **hover)


def build(library: Library, folders: bool = True, mcp: bool = False, mcp_write: bool = False) -> gr.Blocks:
    """The page over a knowledge base. `folders`: whether paths of this machine may be added from it."""
    ingests = Ingests(library)
    chat, quizzes, digests = ChatPage(library), QuizPage(library), DigestPage(library)
    sources = LibraryPage(library, ingests, folders)
    settings = SettingsPage(library, _told_of_tools(mcp, mcp_write))
    with gr.Blocks(title="kb", analytics_enabled=False, fill_width=False, delete_cache=(3600, 24 * 3600)) as page:
        panel('<header class="kb-head"><h1>kb</h1><p>Your sources, at your level, every statement cited</p></header>'
                '<p id="kb-say" role="status" aria-live="polite"></p><p id="kb-heard" role="status"></p>')  # fmt: skip
        with gr.Tabs(elem_classes="kb-tabs"):
            with gr.Tab("Chat", id="chat"):
                chat.build()
            with gr.Tab("Quiz & review", id="quiz", render_children=True) as quiz_tab:
                quizzes.build()
            with gr.Tab("Digest", id="digest", render_children=True) as digest_tab:
                digests.build()
            with gr.Tab("Library", id="library", render_children=True):
                sources.build()
            with gr.Tab("Settings", id="settings", render_children=True) as settings_tab:
                settings.build()
        chat.connect()
        quizzes.connect(chat.log.play, chat.session)
        digests.connect()
        sources.connect()
        settings.connect()
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        chat_parts = [chat.welcome, chat.level, chat.tags, chat.source]
        page.load(chat.loaded, [chat.preferred], chat_parts, **quiet)
        tried = chat.log.upload(sources.add_sample, None, [sources.told], **quiet)
        tried.success(
            chat.loaded, [chat.preferred], chat_parts, js="(level) => (window.kb.sampled(), [level])", **quiet
        )
        page.load(sources.watched, None, [sources.told], **quiet)
        quiz_tab.select(quizzes.shown, None, [quizzes.figures], **quiet)
        digest_tab.select(lambda which: (digests.shown(which), digests.listed_feeds()), [digests.show],
                          [digests.list, digests.feeds], **quiet)  # fmt: skip
        shown = settings_tab.select(settings.shown, None, [settings.page], **quiet)
        shown.then(None, None, None, js="() => window.kb.themed()")
    made: gr.Blocks = page
    return made


def _told_of_tools(mcp: bool, write: bool) -> str:
    if not (mcp or write):
        return "not offered; kb ui --mcp offers search, ask and digest to them"
    what = "search, ask, digest and ingest" if write else "search, ask and digest, read-only"
    return f"{what}, at {PATH}/"
