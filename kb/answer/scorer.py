"""The trained weights behind answers and checks: logistic regressions over what is measured of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from kb.answer.features import (
    PASSAGE_FEATURES,
    READ_FEATURES,
    SENTENCE_FEATURES,
    SUPPORT_FEATURES,
    SUPPORT_READ_FEATURES,
    Matrix,
)


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression: weights in the order of its features, and a bias."""

    weights: npt.NDArray[np.float64]
    bias: float

    def logits(self, features: Matrix) -> npt.NDArray[np.float64]:
        """A logit a row."""
        out: npt.NDArray[np.float64] = features @ self.weights + self.bias
        return out


@dataclass(frozen=True, slots=True)
class Scorer:
    """Which sentence answers, whether any does, and whether a text bears a statement."""

    sentence: Linear
    answerable: Linear
    answerable_read: Linear
    support: Linear
    support_read: Linear

    def confidence(self, features: npt.NDArray[np.float64]) -> float:
        """The probability (0 to 1) that the sources answer, with the reader's features or without."""
        read = len(features) == len(READ_FEATURES)
        logit = float((self.answerable_read if read else self.answerable).logits(features[None, :])[0])
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def load() -> Scorer:
    """The scorer that ships with `kb` (made by bench/scorer/train.py)."""
    row = json.loads(resources.files("kb.answer").joinpath("scorer.json").read_text(encoding="utf-8"))
    return Scorer(
        _linear(row["sentence"], SENTENCE_FEATURES),
        _linear(row["answerable"], PASSAGE_FEATURES),
        _linear(row["answerable_read"], READ_FEATURES),
        _linear(row["support"], SUPPORT_FEATURES),
        _linear(row["support_read"], SUPPORT_READ_FEATURES),
    )


def _linear(row: dict[str, object], names: Sequence[str]) -> Linear:
    weights = row["weights"]
    assert isinstance(weights, dict)
    return Linear(np.asarray([float(weights[name]) for name in names]), float(str(row["bias"])))
