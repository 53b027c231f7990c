"""An item as one document: everything a version of it says, in the shape a form edits and a table stores.

A version holds the whole document, so what a case was filed under can be read for ever. What a stored one leaves out (limits
only, as the first editions of this program wrote) is what the item was shipped with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field

from config.catalogue import Category, Item, SpecialKind, exceeds
from config.documents import Document, Strict
from config.item_details import Condition, FeeStandard, ItemDetails, Licence, Material, Published
from config.item_form import FormField
from config.item_guide import NO_GUIDE, Guide
from config.item_steps import StepField, StepPaper, first_fault, names_twice
from config.powers import PERMIT, ItemKind, Power
from core.errors import InvalidInput
from core.limits import Granularity, Limit, Unit, parse_limit

DISPATCH, JOIN = "分发", "会审"  # a joint item's parts begin with the one and are through with the other
CODE_PATTERN = r"^[a-z][a-z0-9-]{1,40}$"


class StepDocument(Strict):
    """A step of the flow: who does it, how long it may take, when it is done at all, who signs it, where it may go back to."""

    name: str = Field(min_length=1, max_length=40)
    posts: tuple[str, ...] = ()
    limit: str | None = None
    field: str | None = None
    at_least: float | None = None
    one_of: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()


class ItemDocument(Strict):
    """What is edited of an item. Limits are texts as in items.yaml; a retired item takes no new case. `power` is not edited: it
    is that of the kind on the day the version was made (config/powers.py), kept so that the version says everything."""

    name: str = Field(min_length=1, max_length=200)
    org: str
    kind: ItemKind = "permit"
    category: Category = "promised"
    promised: str | None = None
    statutory: str | None = None
    granularity: Literal["day", "instant"] | None = None
    legal_basis: str = ""
    fee: bool = False
    special: tuple[SpecialKind, ...] = ()
    ceilings: dict[str, int] = {}
    hearing: bool = False
    licence: Licence = ""
    forward: str | None = None
    unpublished: tuple[Published, ...] = ()
    retired: bool = False
    hearing_limit: str | None = None
    power: Power | None = None
    guide: Guide = NO_GUIDE
    steps: tuple[StepDocument, ...]
    form: tuple[FormField, ...] = ()
    materials: tuple[Material, ...] = ()
    fees: tuple[FeeStandard, ...] = ()
    step_fields: tuple[StepField, ...] = ()
    step_papers: tuple[StepPaper, ...] = ()


# What the form of a new item begins with.
BLANK: Mapping[str, Any] = {
    "name": "", "org": "", "kind": "permit", "category": "promised", "promised": None, "statutory": None,
    "granularity": "instant", "legal_basis": "", "fee": False, "special": [], "ceilings": {}, "hearing": False,
    "licence": "", "forward": None, "unpublished": [], "retired": False, "hearing_limit": None, "power": None, "guide": {},
    "form": [], "materials": [], "fees": [], "step_fields": [], "step_papers": [],
    "steps": [{"name": name, "posts": [], "limit": None, "field": None, "at_least": None, "one_of": [], "signers": [],
               "returns": []}
              for name in ("受理", "承办", "审核", "批准", "办结")]}


def document_of(item: Item) -> dict[str, Any]:
    """The item as plain data, the inverse of `item_of_document`."""
    details, limit = item.details, item.promised or item.statutory
    return {
        "name": item.name, "org": item.org, "kind": item.kind, "category": item.category, "promised": _text(item.promised),
        "statutory": _text(item.statutory), "granularity": limit.granularity.value if limit is not None else None,
        "legal_basis": item.legal_basis, "fee": item.fee, "special": list(item.special), "ceilings": dict(details.ceilings),
        "hearing": details.hearing, "licence": details.licence, "forward": _text(details.forward),
        "unpublished": list(details.unpublished), "retired": item.retired, "hearing_limit": _text(details.hearing_limit),
        "power": item.power.model_dump(mode="json"), "guide": details.guide.model_dump(mode="json", exclude_unset=True),
        "form": [one.model_dump(mode="json") for one in details.form.values()],
        "steps": [_step_of(details, name) for name in item.steps],
        "materials": [one.model_dump(mode="json") for one in details.materials.values()],
        "fees": [one.model_dump(mode="json") for one in details.fees.values()],
        "step_fields": [one.model_dump(mode="json") for one in details.step_fields],
        "step_papers": [one.model_dump(mode="json") for one in details.step_papers]}


def _text(limit: Limit | None) -> str | None:
    return None if limit is None else str(limit)


def _step_of(details: ItemDetails, name: str) -> dict[str, Any]:
    condition = details.conditions.get(name)
    return {"name": name, "posts": list(details.posts.get(name, ())), "limit": _text(details.step_limits.get(name)),
            "field": condition.field if condition else None, "at_least": condition.at_least if condition else None,
            "one_of": list(condition.one_of) if condition else [], "signers": list(details.signers.get(name, ())),
            "returns": list(details.returns.get(name, ()))}


def read_document_of(content: Mapping[str, Any], origin: str) -> ItemDocument:
    """Raises ConfigError naming key and remedy."""
    return Document(Path(origin), dict(content), {}).read_as(ItemDocument)


def item_of_document(code: str, document: ItemDocument, version: str, number: int, shipped: Item | None = None) -> Item:
    """The item of a document that was checked. What no document says is as shipped. Raises InvalidInput for a limit."""
    exactness = Granularity(document.granularity) if document.granularity else None

    def limit(text: str | None) -> Limit | None:
        return parse_limit(text, exactness) if text else None

    before = shipped.details if shipped is not None else ItemDetails()
    posts = {one.name: one.posts for one in document.steps if one.posts or one.name in before.posts}
    details = replace(
        before, posts={**before.posts, **posts},
        step_limits={one.name: found for one in document.steps if (found := limit(one.limit)) is not None},
        materials={one.code: one for one in document.materials}, fees={one.code: one for one in document.fees},
        ceilings=document.ceilings, hearing=document.hearing, licence=document.licence, forward=limit(document.forward),
        unpublished=document.unpublished, hearing_limit=limit(document.hearing_limit), guide=document.guide,
        form={one.code: one for one in document.form}, step_fields=document.step_fields, step_papers=document.step_papers,
        conditions={one.name: Condition(field=one.field, at_least=one.at_least, one_of=one.one_of)
                    for one in document.steps if one.field},
        signers={one.name: one.signers for one in document.steps if one.signers},
        returns={one.name: one.returns for one in document.steps if one.returns})
    values: dict[str, Any] = {
        "name": document.name, "org": document.org, "kind": document.kind, "category": document.category,
        "promised": limit(document.promised), "statutory": limit(document.statutory), "legal_basis": document.legal_basis,
        "version": version, "steps": tuple(one.name for one in document.steps), "special": document.special,
        "fee": document.fee or bool(document.fees), "details": details, "number": number, "retired": document.retired,
        "power": document.power or (shipped.power if shipped is not None else PERMIT)}
    return replace(shipped, **values) if shipped is not None else Item(code=code, **values)


# What makes a document right ---------------------------------------------------------------------------------------

def check_document(document: ItemDocument, orgs: Collection[str], posts: Collection[str]) -> None:
    """Raises InvalidInput whose `key` is the path of the field. `orgs` may have items; `posts` are those of the unit."""
    if document.org not in orgs:
        raise InvalidInput("item_org_unknown", key="org", org=document.org)
    _check_limits(document)
    _check_flow(document)
    for place, step in enumerate(document.steps):
        _check_people(place, step, document, posts)
        _check_way(place, step, document.steps)
        if step.field and step.field not in [one.code for one in document.form]:
            raise InvalidInput("condition_field_unknown", key=f"steps.{place}.field", field=step.field)
    _check_power(document)
    for name in ("form", "materials", "fees"):
        _check_codes(name, [one.code for one in getattr(document, name)])
    _check_named(document)
    _check_ceilings(document.ceilings)
    _check_asked(document)


def _check_named(document: ItemDocument) -> None:
    """Papers and fees are called something: applicants and cashiers read nothing else of them."""
    for name, keys in (("materials", ("name",)), ("fees", ("name", "unit"))):
        for place, row in enumerate(getattr(document, name)):
            for key in keys:
                if not getattr(row, key).strip():
                    raise InvalidInput("row_incomplete", key=f"{name}.{place}.{key}", value=row.code)


def _check_ceilings(ceilings: Mapping[str, int]) -> None:
    """A ceiling of a procedure nobody knows binds nothing."""
    for kind, days in ceilings.items():
        if kind not in get_args(SpecialKind):
            raise InvalidInput("ceiling_unknown", key="ceilings", value=kind, accepted="、".join(get_args(SpecialKind)))
        if days < 1:
            raise InvalidInput("ceiling_not_positive", key="ceilings", value=kind)


def _check_asked(document: ItemDocument) -> None:
    """Forms and documents belong to steps somebody does between the ends, each under a code of its own."""
    inner = [step.name for step in document.steps[1:-1]]
    for name in ("step_fields", "step_papers"):
        fault = first_fault(getattr(document, name), inner)
        if fault is not None:
            place, key = fault
            wrong = getattr(getattr(document, name)[place], key)
            code = "step_not_between" if key == "step" else "code_twice"
            raise InvalidInput(code, key=f"{name}.{place}.{key}", value=wrong, step=wrong, accepted="、".join(inner) or "—")
    twice = names_twice(document.step_fields, document.step_papers)
    if twice is not None:
        name, place = twice
        raise InvalidInput("name_twice", key=f"{name}.{place}.name", value=getattr(document, name)[place].name)


def _check_power(document: ItemDocument) -> None:
    """The step with which the power decides must be on the way."""
    decides = document.power.decides if document.power is not None else ""
    if decides and decides not in [one.name for one in document.steps[1:-1]]:
        raise InvalidInput("deciding_step_missing", key="kind", step=decides)


def _check_limits(document: ItemDocument) -> None:
    promised, statutory = (_read(key, getattr(document, key), document) for key in ("promised", "statutory"))
    for key in ("forward", "hearing_limit"):
        _read(key, getattr(document, key), document)
    if promised is not None and statutory is not None and exceeds(promised, statutory):
        raise InvalidInput("promise_exceeds_statutory", key="promised", promised=str(promised), statutory=str(statutory))
    days = 0
    for place, step in enumerate(document.steps):
        limit = _read(f"steps.{place}.limit", step.limit, document)
        days += limit.amount if limit is not None and limit.unit is Unit.WORKING_DAY else 0
        if promised is not None and promised.unit is Unit.WORKING_DAY and days > promised.amount:
            raise InvalidInput("steps_exceed_promise", key=f"steps.{place}.limit", days=days, promised=str(promised))


def _read(key: str, text: str | None, document: ItemDocument) -> Limit | None:
    if not text:
        return None
    try:
        return parse_limit(text, Granularity(document.granularity) if document.granularity else None)
    except InvalidInput as failure:
        raise InvalidInput(failure.code, **{**failure.details, "key": key}) from None


def _check_flow(document: ItemDocument) -> None:
    names = [step.name for step in document.steps]
    if len(names) < 2:
        raise InvalidInput("steps_too_few", key="steps.0.name")
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InvalidInput("step_twice", key=f"steps.{place}.name", step=name)
    if (document.category == "joint") is not (JOIN in names[1:-1]) or (JOIN in names and (
            DISPATCH not in names[1:-1] or names.index(DISPATCH) > names.index(JOIN))):
        raise InvalidInput("joint_steps_wrong", key="category", dispatch=DISPATCH, join=JOIN)
    if document.category == "forwarded" and len(names) < 4:
        raise InvalidInput("forwarded_steps_missing", key="category")


def _check_people(place: int, step: StepDocument, document: ItemDocument, posts: Collection[str]) -> None:
    """A step nobody may do stops every case for ever; a catalogue without any posts only judges and handles none."""
    for key in ("posts", "signers"):
        for post in getattr(step, key):
            if post not in posts:
                raise InvalidInput("post_unknown", key=f"steps.{place}.{key}", post=post)
    if not step.posts and not step.signers and any(one.posts for one in document.steps):
        raise InvalidInput("step_without_post", key=f"steps.{place}.posts", step=step.name)
    if len(set(step.signers)) < len(step.signers) or len(step.signers) == 1:
        raise InvalidInput("signers_too_few", key=f"steps.{place}.signers", step=step.name)


def _check_way(place: int, step: StepDocument, steps: Sequence[StepDocument]) -> None:
    """Conditions, signers and ways back belong to the steps between the ends, and a way back leads back: no circle."""
    is_end = place in (0, len(steps) - 1)
    for key, given in (("field", step.field or step.one_of or step.at_least is not None), ("signers", step.signers),
                       ("returns", step.returns)):
        if is_end and given:
            raise InvalidInput("step_at_the_end", key=f"steps.{place}.{key}", step=step.name)
    if bool(step.field) is not (step.at_least is not None or bool(step.one_of)):
        raise InvalidInput("condition_incomplete", key=f"steps.{place}.field", step=step.name)
    earlier = [one.name for one in steps[1:place]]
    for target in step.returns:
        if target not in earlier:
            raise InvalidInput("return_not_behind", key=f"steps.{place}.returns", step=step.name, target=target)


def _check_codes(name: str, codes: Sequence[str]) -> None:
    for place, code in enumerate(codes):
        if code in codes[:place]:
            raise InvalidInput("code_twice", key=f"{name}.{place}.code", value=code)
