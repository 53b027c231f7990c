"""Parameters of the detectors as data (config/detectors.yaml): defaults for everybody, and what an area has otherwise.

What parameters a detector has is said by the detector (alerts/detectors); this module reads, merges and checks, so that every
complaint names file, line, key and remedy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from config.documents import Document, Strict, read_document

DETECTORS_FILE = Path(__file__).parent / "detectors.yaml"
_DIGITS = 8
Share = Annotated[float, Field(gt=0, lt=1)]
Part = Annotated[float, Field(gt=0, le=1)]
Whole = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Natural = Annotated[float, Field(ge=0)]


class CommonParameters(Strict):
    """What every detector has. Small samples never make a finding: `min_cases` and `min_hits` guard every share."""

    enabled: bool = Field(description="Whether it runs at all.")
    level: Literal[1, 2, 3] = Field(description="Level of the card a confirmed finding becomes: 1 warning, 2 yellow, 3 red.")
    min_cases: int = Field(ge=1, description="Cases (or other things counted) below which nothing is said of a subject.")
    min_hits: int = Field(ge=1, description="Hits below which nothing is said of a subject.")
    min_units: int = Field(ge=3, description="Units needed before one is compared with the others.")
    sd: float = Field(gt=0, description="Standard deviations above the mean of the units that are worth a look.")
    alpha: float = Field(gt=0, lt=1, description="Chance of a false alarm allowed over all subjects together (Holm).")


class _File(Strict):
    version: str = Field(min_length=1, max_length=24)
    common: dict[str, Any]
    detectors: dict[str, dict[str, Any]]
    areas: dict[str, dict[str, dict[str, Any]]] = {}


@dataclass(frozen=True)
class DetectorSettings:
    """The parameters of every detector, and those of the areas that differ."""

    version: str
    default: Mapping[str, CommonParameters]
    areas: Mapping[str, Mapping[str, CommonParameters]]

    def of(self, detector: str, area: str) -> CommonParameters:
        """The parameters of a detector in an area."""
        return self.areas.get(area, {}).get(detector) or self.default[detector]

    def version_of(self, parameters: CommonParameters) -> str:
        """Names file version and values, e.g. `2026.1@3f2a9c01`: the same values have the same name."""
        values = json.dumps(parameters.model_dump(mode="json"), sort_keys=True).encode()
        return f"{self.version}@{hashlib.sha256(values).hexdigest()[:_DIGITS]}"


def load_detector_settings(shapes: Mapping[str, type[CommonParameters]], path: Path = DETECTORS_FILE) -> DetectorSettings:
    """The file, checked against what each detector asks for. Raises ConfigError naming file, line, key and remedy."""
    document = read_document(path)
    given = document.read_as(_File)
    _refuse_unknown(document, ("detectors",), given.detectors, shapes)
    for area, changes in given.areas.items():
        _refuse_unknown(document, ("areas", area), changes, shapes)
    missing = sorted(shapes.keys() - given.detectors.keys())
    if missing:
        raise document.problem(["detectors"], f"no parameters for {', '.join(missing)}", "add them, at least {}")
    default = {name: _checked(document, ("detectors", name), shape, {**given.common, **given.detectors[name]})
               for name, shape in shapes.items()}
    areas = {area: {name: _checked(document, ("areas", area, name), shapes[name],
                                   {**given.common, **given.detectors[name], **values})
                    for name, values in changes.items()} for area, changes in given.areas.items()}
    return DetectorSettings(given.version, default, areas)


def _refuse_unknown(document: Document, place: tuple[str, ...], given: Mapping[str, Any], shapes: Mapping[str, Any]) -> None:
    for name in given:
        if name not in shapes:
            raise document.problem([*place, name], f"there is no detector {name!r}", f"one of {', '.join(shapes)}")


def _checked(document: Document, place: tuple[str, ...], shape: type[CommonParameters],
             values: Mapping[str, Any]) -> CommonParameters:
    try:
        return shape.model_validate(dict(values))
    except ValidationError as refusal:
        first = refusal.errors(include_url=False, include_context=False)[0]
        raise document.problem([*place, *first["loc"]], first["msg"],
                               "correct the value, add the key or remove it; docs/detectors.md lists them") from refusal
