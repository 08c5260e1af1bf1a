"""The sample that `kb demo` reads, and the question that it answers."""

from __future__ import annotations

from pathlib import Path

from kb.errors import UsageError

QUESTION = "Why does a search miss a passage that is there?"


def folder() -> Path:
    """The sample's folder: in the package in a wheel, `corpus/` in a checkout.

    Raises `UsageError` if neither is there.
    """
    here = Path(__file__).parents[1]
    for place in (here / "_sample", here.parent / "corpus"):
        if place.is_dir():
            return place
    raise UsageError("The sample is missing from this installation. Reinstall kb.")
