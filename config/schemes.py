"""The scoring schemes there are: those of a folder (config/scoring/*.yaml), the check of any other, and what a refusal says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.documents import limit_of, read_document
from config.scoring import Misplaced, ScaleRule, Scheme, ShareRule
from core.errors import ConfigError, NotFound

SCORING_DIR = Path(__file__).parent / "scoring"
REMEDY = "correct that field"
# What a scheme that is composed anew begins with.
BLANK: Mapping[str, Any] = {
    "name": {"zh": "新方案", "en": "New scheme"}, "parts": {"work": {"label": {"zh": "办件", "en": "Cases"}, "points": 100}},
    "rules": {}, "grades": [{"code": "passed", "label": {"zh": "合格", "en": "Passed"}, "at_least": 60},
                            {"code": "failed", "label": {"zh": "不合格", "en": "Failed"}, "at_least": 0}]}


class Schemes:
    """The shipped schemes by code, and the check of any other."""

    def __init__(self, shipped: Mapping[str, Scheme], indicators: Collection[str]) -> None:
        self.shipped, self._indicators = shipped, indicators

    def find(self, code: str) -> Scheme:
        """Raises NotFound."""
        found = self.shipped.get(code)
        if found is None:
            raise NotFound("scheme_unknown", value=code[:64], accepted=", ".join(self.shipped))
        return found

    def checked(self, content: Mapping[str, Any], origin: str) -> Scheme:
        """The scheme of a content. Raises ConfigError naming the record, the field and the remedy."""
        try:
            scheme = Scheme.model_validate(content)
        except ValidationError as refusal:
            raise _refused(origin, refusal) from refusal
        for code, rule in scheme.rules.items():
            if isinstance(rule, ShareRule | ScaleRule) and rule.indicator not in self._indicators:
                raise _problem(origin, f"rules.{code}.indicator", f"there is no indicator {rule.indicator!r}",
                               f"one of {', '.join(self._indicators)}", "indicator_unknown", value=rule.indicator)
        return scheme


def load_schemes(indicators: Collection[str], directory: Path = SCORING_DIR) -> Schemes:
    """Every scheme of a folder, by the name of its file, in their order. Raises ConfigError naming file, field and remedy."""
    found = Schemes({}, indicators)
    shipped = {path.stem: found.checked(read_document(path).data, str(path)) for path in sorted(directory.glob("*.yaml"))}
    return Schemes(dict(sorted(shipped.items(), key=lambda one: one[1].order)), indicators)


def _refused(origin: str, refusal: ValidationError) -> ConfigError:
    """The first thing that is wrong, at its field."""
    first = refusal.errors(include_url=False)[0]
    steps, limits = [*map(str, first["loc"])], first.get("ctx", {})
    cause = limits.get("error")
    if isinstance(cause, Misplaced):
        return _problem(origin, ".".join((*steps, cause.key)), str(cause), REMEDY, cause.reason, **cause.values)
    return _problem(origin, ".".join(steps), first["msg"], REMEDY, first["type"], limit=limit_of(limits))


def _problem(origin: str, key: str, problem: str, remedy: str, reason: str, **values: str) -> ConfigError:
    return ConfigError("scheme_invalid", file=origin, key=key, problem=problem, remedy=remedy, reason=reason, **values)
