"""Links are asked for together, once in a while, and only those with something to lose."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from alerts.delivery import Client, Delivery
from alerts.rights import Rights
from alerts.rules import PushRules
from tests.unit.alerts.house import ALICE, WALL


class Links:
    """Clients, what they were let in by, and what is asked about it."""

    def __init__(self, **credentials: str | None) -> None:
        self.now, self.valid, self.is_away = 0.0, {"good"}, False
        self.asked: list[set[Any]] = []
        self.dropped: list[str] = []
        self.delivery = Delivery(None, None, PushRules(), lambda: self.now)  # type: ignore[arg-type]
        for sid, credential in credentials.items():
            self.delivery.admit(Client(sid, sid, ALICE if credential else WALL, credential=credential))
        self.rights = Rights(self.delivery, self.holding, self.dropped.append, 5.0, lambda: self.now)

    def holding(self, credentials: Collection[str]) -> set[str]:
        if self.is_away:
            raise ConnectionError("database away")
        self.asked.append(set(credentials))
        return self.valid & set(credentials)


def test_links_whose_credential_no_longer_holds_are_dropped_and_visitors_stay():
    links = Links(a="good", b="bad", c="bad", visitor=None)
    links.rights.check()
    assert (links.asked, links.dropped) == ([{"good", "bad"}], ["b", "c"])


def test_they_are_asked_for_once_per_interval():
    links = Links(a="good", b="good")
    for links.now in (0.0, 1.0, 4.9, 5.0, 9.9, 10.0):
        links.rights.check()
    assert links.asked == [{"good"}] * 3


def test_with_nobody_to_ask_about_nothing_is_asked():
    links = Links(visitor=None)
    links.rights.check()
    assert (links.asked, links.dropped) == ([], [])


def test_a_question_that_failed_is_asked_again_at_once():
    links = Links(a="bad")
    links.is_away = True
    with pytest.raises(ConnectionError):
        links.rights.check()
    links.is_away = False
    links.rights.check()
    assert links.dropped == ["a"]
