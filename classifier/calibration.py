"""How a sentence-embedding model's cosines become logits: one scale and one bias a model."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How a model's cosines become logits."""

    scale: float
    bias: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0 and math.isfinite(self.bias)):
            raise ValueError(f"a calibration needs a scale above 0 and a finite bias, not {self.scale}, {self.bias}")

    def __str__(self) -> str:
        return f"{self.scale:g}, {self.bias:g}"


UNCALIBRATED = Calibration(scale=20.0, bias=0.2)
"""For a model nobody has calibrated. Cosines differ from model to model: measure before you trust a threshold."""


def read(written: str) -> Calibration:
    """A calibration as str() writes it: "18.2, 0.17". Raises ValueError."""
    try:
        scale, bias = (float(part) for part in written.split(","))
        return Calibration(scale=scale, bias=bias)
    except ValueError:
        raise ValueError(
            'a calibration is a scale above 0 and a bias, as "18.2, 0.17"; lapwing evaluate --fit prints them'
        ) from None
