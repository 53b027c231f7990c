"""Where everything is: the pages people go to, in groups. Who may go there is what the gate says, and is said nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from core.access import Actor
from dashboard.gate import RULES, Rule


@dataclass(frozen=True, slots=True)
class Place:
    """A page by the name of its words (`staff.page.<name>`)."""

    name: str
    address: str


# A group (`staff.group.<name>`) becomes a menu when a person may use more than one of its pages.
GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    ("room", (Place("wall", "/wall/"), Place("desk", "/desk/"), Place("handover", "/handover/"))),
    ("approval", (Place("work", "/worklist/"), Place("window", "/window/"), Place("hosted", "/hosted/"),
                  Place("charges", "/charges/"))),
    ("cases", (Place("unit", "/unit/"), Place("case", "/case/"), Place("findings", "/findings/"))),
    ("evaluation", (Place("comparison", "/comparison/"), Place("map", "/map/"), Place("scores", "/scores/"),
                    Place("schemes", "/schemes/"), Place("bulletins", "/bulletins/"), Place("forecast", "/forecast/"),
                    Place("history", "/history/"))),
    ("rules", (Place("rules", "/rules/"), Place("calendars", "/calendars/"), Place("items", "/items/"),
               Place("organisations", "/organisations/"), Place("migrations", "/migrations/"),
               Place("documents", "/documents/"))),
    ("follow_up", (Place("orders", "/orders/"), Place("complaints", "/complaints/"))),
    ("duty", (Place("roster", "/roster/"), Place("notices", "/notices/"))),
    ("video", (Place("signals", "/signals/"), Place("footage", "/footage/"), Place("cameras", "/cameras/"),
               Place("video_views", "/video-views/"))),
    ("system", (Place("people", "/people/"), Place("audit", "/audit/"), Place("exports", "/exports/"),
                Place("webhooks", "/webhooks/"), Place("feeds", "/feeds/"), Place("health", "/health/"))),
)


def places_for(actor: Actor | None) -> list[tuple[str, list[Place]]]:
    """The groups with the pages this person may use; groups without any are left out."""
    if actor is None:
        return []
    open_to_him = [(group, [place for place in places if actor.has(*_rule(place.address).roles)]) for group, places in GROUPS]
    return [(group, places) for group, places in open_to_him if places]


def may_open(actor: Actor, address: str) -> bool:
    """Whether a link to that address would lead this person anywhere."""
    return actor.has(*_rule(address).roles)


def _rule(address: str) -> Rule:
    """The rule of the gate for an address: the longest that covers it."""
    return max((rule for rule in RULES if rule.covers(address)), key=lambda rule: len(rule.path))
