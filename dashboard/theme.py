"""The design tokens of assets/css/00-tokens.css, for whatever is drawn by Python or handed to Plotly.

The style sheet is the only place where a colour is decided; this module reads it, so that charts and CSS cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError

TOKENS_FILE = Path(__file__).resolve().parent.parent / "assets" / "css" / "00-tokens.css"
DESIGN_PX_PER_REM = 16

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(r"--([a-z0-9-]+)\s*:\s*([^;]+);")


@dataclass(frozen=True, slots=True)
class Theme:
    """Tokens by name, without the leading dashes."""

    tokens: Mapping[str, str]

    def color(self, name: str) -> str:
        """A colour such as "#0B1220". Raises ConfigError for a token that the style sheet does not define."""
        return self._token(name)

    def px(self, name: str) -> float:
        """A length of the 1920 x 1080 design in its own pixels. Raises ConfigError if the token is not in rem."""
        value = self._token(name)
        if not value.endswith("rem"):
            raise ConfigError("token_not_a_length", token=name, value=value)
        return float(value.removesuffix("rem")) * DESIGN_PX_PER_REM

    @property
    def font(self) -> str:
        """The font stack, on one line."""
        return " ".join(self._token("font").split())

    def ramp(self, prefix: str) -> list[str]:
        """All colours named prefix-1, prefix-2 … in order."""
        names = sorted((name for name in self.tokens if name.startswith(f"{prefix}-")), key=lambda name: (len(name), name))
        return [self.tokens[name] for name in names]

    def _token(self, name: str) -> str:
        try:
            return self.tokens[name]
        except KeyError:
            raise ConfigError("token_unknown", token=name) from None


def load_theme(path: Path = TOKENS_FILE) -> Theme:
    """Read the tokens of a style sheet."""
    plain = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    return Theme({name: value.strip() for name, value in _TOKEN.findall(plain)})
