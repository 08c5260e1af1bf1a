"""The learning curves of a training as a picture: `python bench/reader/curve.py OUT.svg DIR [DIR2]`.

DIR/log.jsonl of each stage, one after the other: the loss (left), and what held-out rows say (right).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP = 360, 220, 46, 24
COLOURS = {
    "loss": "#444",
    "auroc answers": "#1f77b4",
    "auroc squad2-half": "#17becf",
    "auroc begin": "#d62728",
    "gold first": "#2ca02c",
}


def lines(folders: list[Path]) -> dict[str, list[tuple[float, float]]]:
    out: dict[str, list[tuple[float, float]]] = {name: [] for name in COLOURS}
    before = 0.0
    for folder in folders:
        rows = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
        for row in rows:
            for name, points in out.items():
                if name in row:
                    points.append((before + row["step"], row[name]))
        before += rows[-1]["of"]
    return {name: points for name, points in out.items() if points}


def panel(at: int, curves: dict[str, list[tuple[float, float]]], low: float, high: float, last: float) -> str:
    def place(x: float, y: float) -> tuple[float, float]:
        return at + LEFT + WIDTH * x / last, TOP + HEIGHT * (high - y) / (high - low)

    parts = [f'<rect x="{at + LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>']
    for n in range(5):
        value = low + (high - low) * n / 4
        _, y = place(0, value)
        parts.append(f'<text x="{at + LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{value:.2f}</text>')
    for n, (name, points) in enumerate(curves.items()):
        drawn = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in points)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{COLOURS[name]}" stroke-width="1.6"/>')
        parts.append(
            f'<text x="{at + LEFT + WIDTH - 6}" y="{TOP + HEIGHT - 10 - 15 * n}" fill="{COLOURS[name]}" '
            f'text-anchor="end">{name} {points[-1][1]:.3f}</text>'
        )
    parts.append(f'<text x="{at + LEFT}" y="{TOP + HEIGHT + 16}">step 0 to {last:.0f}</text>')
    return "\n".join(parts)


def main() -> None:
    curves = lines([Path(name) for name in sys.argv[2:]])
    last = max(x for points in curves.values() for x, _ in points)
    loss = {"loss": curves.pop("loss")}
    highest = max(2.2, *(y for _, y in loss["loss"]))
    both = panel(0, loss, 0.6, highest, last) + panel(WIDTH + 2 * LEFT, curves, 0.5, 1.0, last)
    size = f'width="{2 * WIDTH + 4 * LEFT}" height="{HEIGHT + 2 * TOP}"'
    style = 'font-family="sans-serif" font-size="12"'
    Path(sys.argv[1]).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}><rect {size} fill="white"/>\n{both}\n</svg>\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
