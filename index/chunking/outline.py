"""Outlines to passages: sections, then bullet subtrees, then sentences.

An outline is cut where it is cut least: a subtree that fits stays whole, siblings fill up a passage, and what is cut
off keeps its parents in its breadcrumb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from index.chunking.units import Group, Unit, Units
from kb.types.documents import Lines, Page, Post

# Between the parts of one chunk of notes may stand only white space and markers of lists, quotes and tasks.
_ONLY_MARKERS = re.compile(r"(?:[\s>*+\-]|\d{1,9}[.)]|\[[ xX]\])*\Z")


@dataclass(slots=True)
class _Node:
    """An item of an outline with what hangs below it."""

    units: list[Unit]
    depth: int
    children: list[_Node] = field(default_factory=list)

    def all_units(self) -> Iterator[Unit]:
        yield from self.units
        for child in self.children:
            yield from child.all_units()


class OutlineCutter:
    """Cuts one document of notes, a page, a paper or a thread."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def groups(self) -> Iterator[Group]:
        """Sections in turn; within each, subtrees packed under their breadcrumb."""
        section: list[Unit] = []
        path: tuple[str, ...] = ()
        page = 0
        for unit in self._units.whole:
            locator = self._units.document.segments[unit.segment].locator
            heading = locator.heading if isinstance(locator, Lines | Page) else ()
            # A passage of a paper lies on one page, so that what is said of its place holds for all of it.
            # And one of a thread in one reply chain.
            on = locator.page if isinstance(locator, Page) else locator.chain if isinstance(locator, Post) else 0
            if section and (heading, on) != (path, page):
                yield from self._pack(self._tree(section), self._path(path), [])
                section = []
            path, page = heading, on
            section.append(unit)
        if section:
            yield from self._pack(self._tree(section), self._path(path), [])

    def _path(self, heading: tuple[str, ...]) -> tuple[str, ...]:
        title = self._units.document.title
        if heading and heading[0].casefold() == title.casefold():
            heading = heading[1:]
        return (title, *heading)

    def _tree(self, section: list[Unit]) -> list[_Node]:
        roots: list[_Node] = []
        stack: list[_Node] = []
        for at, unit in enumerate(section):
            segment = self._units.document.segments[unit.segment]
            depth = segment.depth
            node = _Node([unit], depth)
            if depth == 0 and not self._leads(section, at):
                stack = []
                roots.append(node)
                continue
            if segment.form != "bullet" and depth and stack and stack[-1].depth >= depth:
                # A further paragraph, fence or table of the same item.
                owner = next((n for n in reversed(stack) if n.depth == depth), stack[-1])
                owner.children.append(_Node([unit], depth + 1))
                continue
            while stack and stack[-1].depth >= depth:
                stack.pop()
            (stack[-1].children if stack else roots).append(node)
            stack.append(node)
        return roots

    def _leads(self, section: list[Unit], at: int) -> bool:
        """Whether a short line of prose stands directly above a list, as its caption."""
        unit = section[at]
        if self._units.document.segments[unit.segment].form == "heading":
            return False
        if at + 1 == len(section) or self._units.document.segments[section[at + 1].segment].depth == 0:
            return False
        gap = self._units.text[unit.end : section[at + 1].start]
        one_line = "\n" not in self._units.text[unit.start : unit.end]
        return one_line and len(unit.shown) <= 120 and gap.count("\n") == 1

    def _pack(self, nodes: list[_Node], path: tuple[str, ...], head: list[Unit]) -> Iterator[Group]:
        """Fill chunks with whole subtrees; a subtree too large for one is cut below its own item."""
        trail, budget = self._units.trail(path)
        current = list(head)
        for node in nodes:
            units = list(node.all_units())
            if self._units.fits(current + units, budget):
                current += units
                continue
            if self._units.fits(units, budget):
                yield from self._emit(trail, current)
                current = units
                continue
            if node.children:
                if any(unit.shown for unit in current):
                    yield from self._emit(trail, current)
                    current = []
                label = node.units[0].shown.split("\n")[0]
                yield from self._pack(node.children, (*path, label), current + self._own(node, budget))
                current = []
                continue
            pieces = self._units.pieces(node.units[0])
            for piece in self._parts(pieces, budget):
                if current and not self._units.fits(current + piece, budget):
                    yield from self._emit(trail, current)
                    current = []
                current += piece
        yield from self._emit(trail, current)

    def _own(self, node: _Node, budget: int) -> list[Unit]:
        unit = node.units[0]
        return [unit] if self._units.fits([unit], budget) else self._units.pieces(unit)

    def _emit(self, trail: tuple[str, ...], units: list[Unit]) -> Iterator[Group]:
        """One group, cut where something that is not searched lies between its parts, and kept in the window."""
        _, budget = self._units.trail(trail)
        run: list[Unit] = []
        for unit in units:
            if run and (not self._joined(run[-1], unit) or not self._units.fits([*run, unit], budget)):
                yield trail, run
                run = []
            run.append(unit)
        if run:
            yield trail, run

    def _joined(self, before: Unit, after: Unit) -> bool:
        if self._units.document.kind == "digest":
            return True  # between a title and its summary stands only a label
        places = (self._units.document.segments[unit.segment] for unit in (before, after))
        if all(place.form == "speech" or isinstance(place.locator, Post) for place in places):
            return True
        return _ONLY_MARKERS.fullmatch(self._units.text, before.end, after.start) is not None

    def _parts(self, units: list[Unit], budget: int) -> Iterator[list[Unit]]:
        """Sentences of one long paragraph in parts of about equal length."""
        length = sum(len(u.shown) + 1 for u in units)
        parts = max(1, -(-length // self._units.target), -(-sum(u.tokens for u in units) // budget))
        share = length / parts
        run: list[Unit] = []
        size = 0
        for unit in units:
            if run and (not self._units.fits([*run, unit], budget) or size + len(unit.shown) / 2 > share):
                yield run
                run, size = [], 0
            run.append(unit)
            size += len(unit.shown) + 1
        if run:
            yield run
