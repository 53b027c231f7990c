"""Who does which step in which unit of the demonstration: a person each, given its posts when he first appears."""

from __future__ import annotations

from approval.posts import Posts
from commands.demo_people import head_name, liaison_name
from config.catalogue import Catalogue
from core.access import Actor, Role


class Officers:
    """The officers of all units."""

    def __init__(self, catalogue: Catalogue, posts: Posts) -> None:
        self._catalogue, self._posts = catalogue, posts
        self._numbers = {code: number for number, code in enumerate(catalogue.organisations)}
        self._known: set[tuple[str, str]] = set()

    def of(self, org: str, step: str) -> Actor:
        """Who does that step in that unit."""
        place = 10 * self._numbers[org] + sum(map(ord, step)) % 10
        name = liaison_name(place) if place % 2 else head_name(place)
        person = Actor(f"{org}-{sum(map(ord, step)) % 997}", frozenset({Role.APPROVAL_STAFF}), org, name)
        if (org, step) not in self._known:
            self._known.add((org, step))
            items = self._catalogue.items.values()
            posts = next(item for item in items if step in item.steps).details.posts.get(step, ())
            self._posts.give(person.name, org, posts)
        return person
