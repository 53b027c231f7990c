"""What is published here is told to other systems in the transaction that publishes it: scores and bulletins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.access import Actor, Role
from core.errors import Conflict
from evaluation.webhooks.kinds import EventType
from evaluation.webhooks.models import webhook_deliveries
from evaluation.webhooks.service import Wanted
from tests.comparing import concluded, count_day
from tests.exporting import INSPECTOR, site_on
from tests.scoring import SECOND, moved_to, scored_site
from tests.staff import OWN_ORG, Site

ADMIN = Actor("admin", frozenset({Role.ADMINISTRATOR}), display_name="管理员")
LEADER = Actor("wang", frozenset({Role.LEADER}), display_name="王建国")
FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = scored_site(tmp_path, fresh_database_url, **{"security.two_administrators": "on", "webhooks.loopback": "true"})
    subscribe(made)
    yield made
    made.services.database.dispose()


def subscribe(site: Site) -> None:
    site.services.webhooks.service.add(Wanted(name="省平台", url="http://127.0.0.1:9/x", types=tuple(EventType),
                                              secret="s" * 40), ADMIN)


def events(site: Site) -> list[dict[str, Any]]:
    c = webhook_deliveries.c
    with site.services.database.read() as conn:
        return [json.loads(body) for body in conn.scalars(select(c.body).order_by(c.id))]


def test_scores_are_told_when_published_and_when_final_and_those_only_proposed_never(site: Site) -> None:
    scoring = site.services.scoring.service
    number = scoring.propose("monthly-100", FEBRUARY, INSPECTOR)
    assert events(site) == []
    scoring.confirm(number, SECOND)
    with pytest.raises(Conflict):
        scoring.freeze(number, INSPECTOR)
    moved_to(site, datetime(2026, 3, 24, 1, tzinfo=UTC))
    scoring.freeze(number, INSPECTOR)
    published, frozen = events(site)
    assert (published["type"], published["subject"]) == ("cn.yangguang.scores.published", f"scores/{number}")
    assert frozen["type"] == "cn.yangguang.scores.frozen"
    assert (published["data"]["month"], published["data"]["digest"], len(frozen["data"]["digest"])) == ("2026-02", None, 64)
    rows = {row.org: row for row in site.services.scoring.queries.departments(number, LEADER)}
    told = {one["org"]: one for one in frozen["data"]["departments"]}
    assert told[OWN_ORG]["total"] == rows[OWN_ORG].total / 100
    assert {org: one["total"] is None for org, one in told.items()} == {org: row.total is None for org, row in rows.items()}


def test_a_scoring_taken_back_is_told_only_if_it_was_seen(site: Site) -> None:
    scoring = site.services.scoring.service
    scoring.withdraw(scoring.propose("monthly-100", FEBRUARY, INSPECTOR), "数据有误", INSPECTOR)
    assert events(site) == []
    number = scoring.propose("monthly-100", FEBRUARY, INSPECTOR)
    scoring.confirm(number, SECOND)
    scoring.withdraw(number, "数据有误", INSPECTOR)
    assert [one["type"] for one in events(site)] == ["cn.yangguang.scores.published", "cn.yangguang.scores.withdrawn"]


def test_a_bulletin_is_told_when_it_is_published_and_when_it_is_taken_back(tmp_path: Path, fresh_database_url: str) -> None:
    site = site_on(tmp_path, fresh_database_url, **{"webhooks.loopback": "true"})
    subscribe(site)
    count_day(site.services.database, OWN_ORG, date(2026, 1, 10), **concluded(30, 20))
    count_day(site.services.database, OWN_ORG, date(2026, 2, 10), **concluded(30, 25))
    desk = site.services.bulletins.service
    number = desk.produce("", "2026-02", INSPECTOR)
    desk.submit(number, 1, INSPECTOR)
    desk.issue(number, 2, LEADER)
    assert events(site) == []
    desk.publish(number, 3, INSPECTOR)
    desk.withdraw(number, 4, LEADER, "附件有误")
    published, withdrawn = events(site)
    assert (published["type"], withdrawn["type"]) == ("cn.yangguang.bulletin.published", "cn.yangguang.bulletin.withdrawn")
    assert published["data"]["number"].startswith("新监通报")
    assert (published["data"]["month"], withdrawn["data"]["reason"]) == ("2026-02", "附件有误")
    site.services.database.dispose()
