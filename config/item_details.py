"""What acts are judged by beside an item's limits (config/city/details.yaml): posts, step limits, papers, fees, licence.

Written for a share of the items; what is not written about an item is not judged of it, and an installation without this
file judges limits and the order of steps only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from config.documents import Document, Strict, read_document
from config.item_form import FormField
from config.item_guide import NO_GUIDE, Guide
from config.item_steps import StepField, StepPaper, first_fault, names_twice
from core.errors import InvalidInput
from core.limits import Granularity, Limit, Unit, parse_limit

Licence = Literal["", "paper", "electronic"]
Published = Literal["name", "org", "legal_basis", "materials", "steps", "promised", "fees"]
FILE = "details.yaml"


class Material(Strict):
    """A paper of the item's list. `deferrable`: the case may be accepted while it is to follow (容缺)."""

    code: str = Field(min_length=1, max_length=64)
    name: str
    required: bool = True
    deferrable: bool = False


class FeeStandard(Strict):
    """A fee the item may charge: at most `standard_fen` (fen) for each of `unit`."""

    code: str = Field(min_length=1, max_length=64)
    name: str
    standard_fen: int = Field(ge=0)
    unit: str
    basis: str = Field(min_length=1)


class Condition(Strict):
    """When a step is done at all, by a field of the form: its number is at least `at_least`, or it is one of `one_of`.

    What the field does not say (it is missing, or no number) leaves the step in: nothing is skipped by an oversight.
    """

    field: str = Field(min_length=1, max_length=64)
    at_least: float | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDetails:
    """Posts entitled to each step, limits of steps, papers by code, fees by code, ceilings of special procedures (working
    days), and the fields the public guide lacks. `licence` is what the applicant gets in hand; `forward` is the time for
    passing the case on, `hearing_limit` that for holding a hearing. `form` is what an application says, by code; `conditions`
    say of a step when it is done at all, `signers` which posts sign it together (会签), `returns` where it may be sent back to
    (to every earlier step where nothing is said), `step_fields` and `step_papers` what it asks of whoever does it."""

    posts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    step_limits: Mapping[str, Limit] = field(default_factory=dict)
    form: Mapping[str, FormField] = field(default_factory=dict)
    materials: Mapping[str, Material] = field(default_factory=dict)
    fees: Mapping[str, FeeStandard] = field(default_factory=dict)
    ceilings: Mapping[str, int] = field(default_factory=dict)
    hearing: bool = False
    licence: Licence = ""
    forward: Limit | None = None
    unpublished: tuple[Published, ...] = ()
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    signers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    returns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hearing_limit: Limit | None = None
    guide: Guide = NO_GUIDE
    step_fields: tuple[StepField, ...] = ()
    step_papers: tuple[StepPaper, ...] = ()


    @property
    def asked(self) -> dict[str, str]:
        """What each step asks of whoever does it, by the names of fields and documents."""
        found: dict[str, list[str]] = {}
        for one in self.step_fields:
            found.setdefault(one.step, []).append(one.label)
        for paper in self.step_papers:
            found.setdefault(paper.step, []).append(f"《{paper.name}》")
        return {step: "、".join(names) for step, names in found.items()}


NO_DETAILS = ItemDetails()


class _Details(Strict):
    step_limits: dict[str, str] = {}
    form: tuple[FormField, ...] = ()
    materials: tuple[Material, ...] = ()
    fees: tuple[FeeStandard, ...] = ()
    ceilings: dict[str, int] = {}
    hearing: bool = False
    licence: Licence = ""
    forward: str | None = None
    unpublished: tuple[Published, ...] = ()
    conditions: dict[str, Condition] = {}
    signers: dict[str, tuple[str, ...]] = {}
    returns: dict[str, tuple[str, ...]] = {}
    hearing_limit: str | None = None
    guide: Guide = NO_GUIDE
    step_fields: tuple[StepField, ...] = ()
    step_papers: tuple[StepPaper, ...] = ()


class _DetailsFile(Strict):
    granularity: Granularity | None = None
    posts: dict[str, tuple[str, ...]] = {}
    ceilings: dict[str, int] = {}
    guide: Guide = NO_GUIDE
    items: dict[str, _Details] = {}


class Described:
    """The details file of a city, checked against its items one by one."""

    def __init__(self, directory: Path) -> None:
        """Raises ConfigError naming file, line, key and remedy."""
        path = directory / FILE
        self._document: Document | None = read_document(path) if path.exists() else None
        self._file = self._document.read_as(_DetailsFile) if self._document is not None else _DetailsFile()
        self._common = ItemDetails(posts=self._file.posts, ceilings=self._file.ceilings, guide=self._file.guide)

    def of(self, code: str, steps: tuple[str, ...], promised: Limit | None) -> ItemDetails:
        """The details of an item whose flow and promise these are."""
        given = self._file.items.get(code)
        if given is None or self._document is None:
            return self._common
        exact = promised.granularity if promised is not None else self._file.granularity  # an item is exact in one way
        limits = {step: self._limit(("items", code, "step_limits", step), text, exact)
                  for step, text in given.step_limits.items()}
        self._check_steps(code, steps, limits, promised)
        self._check_ways(code, steps, given)
        self._check_asked(code, steps, given)
        for key in ("form", "materials", "fees"):
            self._check_codes(code, key, [one.code for one in getattr(given, key)])
        return ItemDetails(
            self._file.posts, limits, {one.code: one for one in given.form}, {one.code: one for one in given.materials},
            {one.code: one for one in given.fees}, {**self._file.ceilings, **given.ceilings}, given.hearing, given.licence,
            self._optional(code, "forward", given.forward, exact), given.unpublished, given.conditions, given.signers,
            given.returns, self._optional(code, "hearing_limit", given.hearing_limit, exact),
            given.guide.over(self._file.guide), given.step_fields, given.step_papers)

    def check_known(self, is_known: Callable[[str], bool]) -> None:
        """Raises ConfigError for details of an item that is not listed."""
        for code in self._file.items:
            if not is_known(code) and self._document is not None:
                raise self._document.problem(("items", code), f"no such item: {code!r}",
                                             "correct the code, or list the item in items.yaml")
            self._check_related(code, is_known)

    def _check_related(self, code: str, is_known: Callable[[str], bool]) -> None:
        """What an item is a part of, or comes after, is listed too."""
        guide = self._file.items[code].guide
        for key, other in (("parent", guide.parent), *(("before", one) for one in guide.before)):
            if other and not is_known(other) and self._document is not None:
                raise self._document.problem(("items", code, "guide", key), f"no such item: {other!r}",
                                             "correct the code, or list the item in items.yaml")

    def _optional(self, code: str, key: str, text: str | None, exact: Granularity | None) -> Limit | None:
        return None if text is None else self._limit(("items", code, key), text, exact)

    def _limit(self, place: tuple[str | int, ...], text: str, exact: Granularity | None) -> Limit:
        assert self._document is not None
        try:
            return parse_limit(text, exact)
        except InvalidInput as failure:
            raise self._document.problem(place, str(failure), "write 20wd, 56cd or 8wh") from failure

    def _check_steps(self, code: str, steps: tuple[str, ...], limits: Mapping[str, Limit], promised: Limit | None) -> None:
        """Limits belong to steps of the flow, and together they stay within the promise."""
        assert self._document is not None
        for step in limits.keys() - set(steps):
            raise self._document.problem(("items", code, "step_limits", step), f"the flow has no step {step!r}",
                                         f"one of {', '.join(steps)}")
        days = [limit.amount for limit in limits.values() if limit.unit is Unit.WORKING_DAY]
        if promised is not None and promised.unit is Unit.WORKING_DAY and sum(days) > promised.amount:
            raise self._document.problem(("items", code, "step_limits"), f"the steps take {sum(days)} days, more than the "
                                         f"promised {promised}", "shorten them: together they must fit the promise")

    def _check_ways(self, code: str, steps: tuple[str, ...], given: _Details) -> None:
        """Conditions, signers and ways back belong to steps between acceptance and conclusion; a condition asks what the form
        asks, and a way back leads back."""
        assert self._document is not None
        inner = steps[1:-1]
        for key in ("conditions", "signers", "returns"):
            for step in getattr(given, key).keys() - set(inner):
                raise self._document.problem(("items", code, key, step), f"the flow has no step {step!r} between its ends",
                                             f"one of {', '.join(inner)}")
        asked = [one.code for one in given.form]
        for step, condition in given.conditions.items():
            if condition.field not in asked:
                raise self._document.problem(("items", code, "conditions", step, "field"), f"the form has no field "
                                             f"{condition.field!r}", f"one of {', '.join(asked) or 'none: write form: first'}")
        for step, targets in given.returns.items():
            for target in targets:
                if target not in inner[:inner.index(step)]:
                    raise self._document.problem(("items", code, "returns", step), f"{target!r} does not lie before {step!r}",
                                                 f"one of {', '.join(inner[:inner.index(step)]) or 'none'}")

    def _check_asked(self, code: str, steps: tuple[str, ...], given: _Details) -> None:
        """What a step asks belongs to a step between the ends, each under a code of its own."""
        assert self._document is not None
        for key in ("step_fields", "step_papers"):
            fault = first_fault(getattr(given, key), steps[1:-1])
            if fault is not None:
                place, name = fault
                wrong = getattr(getattr(given, key)[place], name)
                raise self._document.problem(("items", code, key, place, name), f"{wrong!r} is no step between the ends, or is "
                                             "there twice", f"one of {', '.join(steps[1:-1])}; each code once a step")

        twice = names_twice(given.step_fields, given.step_papers)
        if twice is not None:
            key, place = twice
            raise self._document.problem(("items", code, key, place, "name"), "another field or document of this step has that "
                                         "name", "give each a name of its own: the record keeps them by it")

    def _check_codes(self, code: str, key: str, codes: list[str]) -> None:
        assert self._document is not None
        for index, one in enumerate(codes):
            if one in codes[:index]:
                raise self._document.problem(("items", code, key, index, "code"), f"{one!r} is there twice",
                                             "give each its own code")
