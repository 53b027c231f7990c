"""What a step of the flow asks of whoever does it: the fields of its form (环节表单) and the documents it leaves (环节文书).

They stand beside the form and the materials of the application: those come from the applicant, these from the handling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import Field

from config.documents import Strict
from config.item_form import FormField


class StepField(FormField):
    """A field of the form of one step."""

    step: str = Field(min_length=1, max_length=40)


class StepPaper(Strict):
    """A document made in one step, such as a record of the inspection on site (现场勘验记录); `required`: the step is not done
    without it."""

    step: str = Field(min_length=1, max_length=40)
    code: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1, max_length=60)
    required: bool = True


BY_PARTS = ("分发", "会审")  # of a project: one has an act of its own, the other is done by the parts


def form_of(fields: Iterable[StepField], step: str) -> Mapping[str, FormField]:
    """The fields of that step by code."""
    return {one.code: one for one in fields if one.step == step}


def papers_of(papers: Iterable[StepPaper], step: str) -> Mapping[str, StepPaper]:
    """The documents of that step by code."""
    return {one.code: one for one in papers if one.step == step}


def names_twice(fields: Sequence[StepField], papers: Sequence[StepPaper]) -> tuple[str, int] | None:
    """(step_fields or step_papers, place) of the first whose name another of its step has: the journal keeps them by name."""
    seen: set[tuple[str, str]] = set()
    for key, asked in (("step_fields", [(one.step, one.label) for one in fields]),
                       ("step_papers", [(one.step, one.name) for one in papers])):
        for place, name in enumerate(asked):
            if name in seen:
                return key, place
            seen.add(name)
    return None


def first_fault(asked: Sequence[StepField] | Sequence[StepPaper], steps: Sequence[str]) -> tuple[int, str] | None:
    """(place, which key) of the first that belongs to none of these steps, or has the code of another of its step. `steps` are
    those between the ends; a step that no person does asks nothing."""
    for place, one in enumerate(asked):
        if one.step not in steps or one.step in BY_PARTS:
            return place, "step"
        if any((before.step, before.code) == (one.step, one.code) for before in asked[:place]):
            return place, "code"
    return None
