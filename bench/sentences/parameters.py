"""Make kb/text/punkt_english.json from the trained Punkt model: `python bench/sentences/parameters.py [FOLDER]`.

FOLDER holds the four tables of NLTK's `punkt_tab/english` (Jan Strunk, MIT License, trained on the Wall Street Journal
part of the Penn Treebank); without it, those that LlamaIndex ships are taken. Only if they are the published ones.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

OUT = Path(__file__).parents[2] / "kb" / "text" / "punkt_english.json"
SHA256 = {
    "abbrev_types.txt": "92a3e070f43d9b4c5534758ca40ad7343b04e7e29bfe0c2eb658a39445a4f779",
    "collocations.tab": "8e2da1225e4dd2cc9dba261ee231ccb134859e21b46006e7f472c5ee269af0cf",
    "ortho_context.tab": "4bbcca25ed3d3f06c02402abf8419b9f033b8adc06e7b482eca4e45f81a5dc4c",
    "sent_starters.txt": "f3f8535483e1dba487241b764945168123bca3209a9645e59acd1225dc76edac",
}


def bundled() -> Path:
    """The tables inside LlamaIndex's package."""
    spec = importlib.util.find_spec("llama_index.core")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "_static/nltk_cache/tokenizers/punkt_tab/english"


def parameters(folder: Path) -> dict[str, object]:
    """The four tables as one object, everything sorted."""
    tables = {}
    for name, sha256 in SHA256.items():
        raw = (folder / name).read_bytes()
        if hashlib.sha256(raw).hexdigest() != sha256:
            sys.exit(f"{folder / name} is not the published table (its sha256 differs).")
        tables[name] = [line for line in raw.decode("utf-8").split("\n") if line]
    orthography = (line.split("\t") for line in tables["ortho_context.tab"])
    return {
        "source": "NLTK punkt_tab/english, Jan Strunk, MIT License",
        "abbreviations": sorted(tables["abbrev_types.txt"]),
        "collocations": sorted(line.split("\t") for line in tables["collocations.tab"]),
        "starters": sorted(tables["sent_starters.txt"]),
        "orthography": {word: int(bits) for word, bits in sorted(orthography)},
    }


if __name__ == "__main__":
    made = parameters(Path(sys.argv[1]) if len(sys.argv) > 1 else bundled())
    OUT.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUT.name}: {OUT.stat().st_size // 1024} KB, {len(made['orthography'])} words")
