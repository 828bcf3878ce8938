"""Further models of the same patients, as `train.variants` of params.yaml names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from features.errors import ConfigError

TAKEN = (
    "calcirisk",
    "progression",
    "ridge_cox",
    "plain_cox",
    "boosted_cox",
    "ridge_logistic",
    "plain_logistic",
    "boosted_logistic",
)
"""What no variant may be called: models that stand beside it in tables and registry."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class VariantParams:
    """A further model: the variables and groups it does not see, and the parts it is made of."""

    without: tuple[str, ...]
    parts: tuple[Literal["linear", "boosted"], ...]

    def require_valid(self, name: str) -> None:
        """Raise ConfigError where the variant of this name cannot be."""
        if not _NAME.fullmatch(name) or name in TAKEN:
            raise ConfigError(
                f"variants.{name}: a variant is called by small letters, digits and _, and not "
                f"{', '.join(TAKEN)}"
            )
        if not self.parts or len(set(self.parts)) < len(self.parts):
            raise ConfigError(f"variants.{name}.parts must name one part or both, each once")
