"""The way of a case as plain data: the steps of one case, and the parts of a project with what each waits for.

Both are pure: nothing here knows a database or a clock. A flow is pinned to its case when it is filed; a plan to its project.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

import msgspec

from config.catalogue import Item
from config.item_details import ItemDetails
from config.item_form import number_of
from core.errors import InvalidInput

ACCEPTANCE, CONCLUSION = 0, -1  # the first step of every flow is 受理, the last 办结; the others are between
DISPATCH, JOIN = "分发", "会审"  # of a project: its parts begin with the one and are through with the other


class When(msgspec.Struct, frozen=True):
    """When a step is done at all (config.item_details.Condition)."""

    field: str
    at_least: float | None = None
    one_of: tuple[str, ...] = ()

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Also when the field does not say: nothing is skipped by an oversight."""
        given = fields.get(self.field, "").strip()
        if not given:
            return True
        if self.one_of:
            return given in self.one_of
        number = number_of(given)
        return self.at_least is None or number is None or number >= self.at_least


class Step(msgspec.Struct, frozen=True):
    """A station of the handling: the posts entitled to it, its limit as text ("" for none), when it is done at all, which posts
    sign it together (会签), and where it may be sent back to ((): to every step before it)."""

    name: str
    posts: tuple[str, ...] = ()
    limit: str = ""
    when: When | None = None
    signers: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()

    @property
    def entitled(self) -> tuple[str, ...]:
        """The posts that may do something about it."""
        return self.signers or self.posts


class Flow(msgspec.Struct, frozen=True, dict=True):
    """The steps in their order, 受理 and 办结 included. `hearing`: one is held, by law or when somebody asks for it (None: a
    flow kept before flows said so). `decides`: the step with which the decision falls ("": the last inner one); steps after it
    serve and execute it."""

    item_version: str
    steps: tuple[Step, ...]
    hearing: bool | None = None
    decides: str = ""

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """The steps between acceptance and conclusion."""
        return tuple(step.name for step in self.steps[1:-1])

    @property
    def may_hear(self) -> bool:
        """Whether a hearing may be offered; where the flow does not say, the item is asked when one is held."""
        return self.hearing is not False

    @property
    def is_joint(self) -> bool:
        """Whether cases of this flow are projects of many units."""
        return JOIN in self.inner

    @cached_property
    def every_post(self) -> tuple[str, ...]:
        """The posts of all its steps."""
        return tuple(dict.fromkeys(post for step in self.steps for post in (*step.posts, *step.signers)))

    @property
    def decision(self) -> str:
        """The step with which the decision falls; "" where there is no step."""
        return self.decides or (self.inner[-1] if self.inner else "")

    def decides_at(self, name: str, fields: Mapping[str, str]) -> bool:
        """Whether the decision falls with that step, as the conditions of this application have it."""
        way = self.taken(fields)
        until = [step for step in way if self.inner.index(step) <= self.inner.index(self.decision)]
        return bool(until) and until[-1] == name

    def find(self, name: str) -> Step:
        """Raises InvalidInput for a step the flow does not have."""
        for step in self.steps:
            if step.name == name:
                return step
        raise InvalidInput("hosted_step_unknown", key="step", step=name)

    def posts_of_acceptance(self) -> tuple[str, ...]:
        return self.steps[ACCEPTANCE].posts

    def posts_of_conclusion(self) -> tuple[str, ...]:
        return self.steps[CONCLUSION].posts

    def taken(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        """The inner steps whose conditions hold: the way this application goes."""
        return tuple(step.name for step in self.steps[1:-1] if step.when is None or step.when.holds(fields))

    def stations(self, fields: Mapping[str, str]) -> tuple[str, ...]:
        """The same with 受理 and 办结 around it."""
        return (self.steps[ACCEPTANCE].name, *self.taken(fields), self.steps[CONCLUSION].name)

    def following(self, name: str, fields: Mapping[str, str]) -> str:
        """The step after that one, "" after the last inner one; of "" the first. One whose condition does not hold is none."""
        place = 0 if name == "" else self.inner.index(name) + 1
        return next((step.name for step in self.steps[place + 1:-1] if step.when is None or step.when.holds(fields)), "")

    def earlier(self, name: str, fields: Mapping[str, str]) -> tuple[str, ...]:
        """The steps one may go back to from there; from "" (all done) every one."""
        taken = self.taken(fields)
        if name == "":
            return taken
        before, allowed = taken[:taken.index(name)] if name in taken else (), self.find(name).returns
        return tuple(step for step in before if not allowed or step in allowed)


_decode = msgspec.json.Decoder(Flow).decode


@lru_cache(maxsize=1024)
def read_flow(text: str) -> Flow:
    """A flow as it is stored. Cases of one version of an item have one, and nothing changes it."""
    return _decode(text)


def flow_of(item: Item) -> Flow:
    """The flow of an item as the catalogue has it now."""
    details = item.details
    return Flow(item.version, tuple(
        Step(name, tuple(details.posts.get(name, ())), str(details.step_limits.get(name, "")), _when(details, name),
             tuple(details.signers.get(name, ())), tuple(details.returns.get(name, ()))) for name in item.steps),
        details.hearing or "hearing" in item.special, item.power.decides)


def _when(details: ItemDetails, step: str) -> When | None:
    condition = details.conditions.get(step)
    return None if condition is None else When(condition.field, condition.at_least, condition.one_of)


# Projects ---------------------------------------------------------------------------------------------------------

class Part(msgspec.Struct, frozen=True):
    """One part of a project: an item of a unit, and the parts that must be through before it may begin."""

    node: str
    item: str
    org: str
    stage: str = ""
    after: tuple[str, ...] = ()
    silent: bool = False


def check_plan(parts: Sequence[Part]) -> None:
    """Raises InvalidInput naming the part: used twice, waiting for an unknown one, or in a circle."""
    nodes = [part.node for part in parts]
    if not parts:
        raise InvalidInput("plan_empty", key="parts")
    for part in parts:
        if nodes.count(part.node) > 1:
            raise InvalidInput("plan_node_twice", key="parts", node=part.node)
        for one in part.after:
            if one not in nodes:
                raise InvalidInput("plan_node_unknown", key="after", node=part.node, after=one)
    circle = _circle(parts)
    if circle:
        raise InvalidInput("plan_circle", key="after", nodes=" → ".join(circle))


def _circle(parts: Sequence[Part]) -> list[str]:
    """The nodes that can never begin, because they wait for each other."""
    through: set[str] = set()
    waiting = list(parts)
    while True:
        free = [part.node for part in waiting if through.issuperset(part.after)]
        if not free:
            return [part.node for part in waiting]
        through.update(free)
        waiting = [part for part in waiting if part.node not in through]


def ready(parts: Iterable[Part], begun: Collection[str], done: Collection[str]) -> list[str]:
    """The parts that may begin now: not begun, and everything before them through."""
    return [part.node for part in parts if part.node not in begun and set(part.after) <= set(done)]


def dependents(parts: Iterable[Part], node: str) -> list[str]:
    """Everything that waits for this part, directly or not, in the order of the plan."""
    found = {node}
    listed = list(parts)
    grew = True
    while grew:
        more = {part.node for part in listed if found.intersection(part.after)} - found
        grew = bool(more)
        found |= more
    return [part.node for part in listed if part.node in found and part.node != node]


def depths(parts: Sequence[Part]) -> dict[str, int]:
    """How many parts lie before each at least, plus one: the column in which it is drawn."""
    found: dict[str, int] = {}
    waiting = list(parts)
    while waiting:
        free = [one for one in waiting if all(before in found for before in one.after)]
        if not free:
            return found
        for part in free:
            found[part.node] = 1 + max((found[before] for before in part.after), default=0)
        waiting = [part for part in waiting if part.node not in found]
    return found


def longest_way(parts: Sequence[Part], length: Mapping[str, float]) -> list[str]:
    """The critical path: the chain of parts whose lengths add up to the most."""
    best: dict[str, tuple[float, list[str]]] = {}
    waiting = list(parts)
    while waiting:
        free = [part for part in waiting if all(one in best for one in part.after)]
        if not free:
            return []
        for part in free:
            before = max((best[one] for one in part.after), key=lambda known: known[0], default=(0.0, []))
            best[part.node] = (before[0] + length.get(part.node, 0.0), [*before[1], part.node])
        waiting = [part for part in waiting if part.node not in best]
    return max(best.values(), key=lambda known: known[0], default=(0.0, []))[1]
