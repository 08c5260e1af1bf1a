"""What tests of a base share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for recordings."""
    place = tmp_path / "talks"
    place.mkdir()
    return place
