"""Write constraints.txt, one version of every package for every platform and Python: `make lock`.

`python bench/lock.py [--upgrade]`: without `--upgrade` versions that still fit are kept. uv resolves for Linux, macOS
and Windows at once; nothing is downloaded but metadata. What only PyTorch's CUDA builds need is left out: it is pinned
by PyTorch itself, and a pin of ours beside it would leave no solution.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import uv

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
OLDEST = "3.11"
_CUDA = re.compile(r"(?:nvidia|cuda)-|triton==")
_HEAD = "# Written by `make lock`. Versions that are installed and tested together, for every platform and Python.\n"


def main() -> None:
    command = [uv.find_uv_bin(), "pip", "compile", "--quiet", "--universal", "--all-extras", "--no-annotate"]
    command += ["--no-header", "--python-version", OLDEST, "--output-file", str(CONSTRAINTS), *sys.argv[1:]]
    subprocess.run([*command, str(ROOT / "pyproject.toml")], cwd=ROOT, check=True)
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not _CUDA.match(line)]
    pins = Counter(line.split("==")[0] for line in kept)
    # Where there is one version, it needs no marker: a constraint on what is not installed says nothing.
    kept = [line.split(" ;")[0] if pins[line.split("==")[0]] == 1 else line for line in kept]
    CONSTRAINTS.write_text(_HEAD + "\n".join(kept) + "\n", encoding="utf-8")
    with (ROOT / "pyproject.toml").open("rb") as handle:
        direct = len(tomllib.load(handle)["project"]["dependencies"])
    print(f"{CONSTRAINTS.name}: {len(kept)} pins, {direct} of them direct; {len(lines) - len(kept)} left out")


if __name__ == "__main__":
    main()
