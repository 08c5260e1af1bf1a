"""A piece of our own HTML on Gradio's page, and the methods that the page's script may ask through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

Method = Callable[..., Any]


def panel(value: str = "", elem_id: str = "", part: str = "", asked: Sequence[Method] = ()) -> gr.HTML:
    """HTML that is escaped already. `part` is its name in the page's script, `asked` what may be asked through it.

    The script may come later than the page: a part waits for it in a list.
    """
    return gr.HTML(
        value,
        elem_id=elem_id or None,
        apply_default_css=False,
        js_on_load=f"(window.kbParts ||= []).push(['{part}', element, trigger, server])" if part else None,
        server_functions=[_called(method) for method in asked],
    )


def _called(method: Method) -> Callable[[list[Any]], Any]:
    """A method as Gradio wants it: one argument, here a list of what the method takes."""

    def called(given: list[Any]) -> Any:
        return method(*given)

    called.__name__ = method.__name__
    return called
