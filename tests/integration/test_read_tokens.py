"""Tokens of readers: they open the interfaces of their scope to read, show what a person of that scope sees, and end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.access import Actor, Role
from core.accounts import hash_of
from core.clock import FrozenClock
from core.errors import InvalidInput, NotAuthenticated, NotPermitted
from core.models import read_tokens
from core.read_tokens import Api, ReadLimits, ReadScope, ReadTokens, ReadTooFast
from dashboard.gate import RULES
from server import OPERATIONS
from tests.comparing import concluded, count_day, each_day
from tests.staff import NOW, OTHER_ORG, OWN_ORG, Site, make_site

ADMIN = Actor("hu", frozenset({Role.ADMINISTRATOR}))
EVERYTHING = frozenset(Api)
PATHS = {Api.FIGURES: "/api/v1/figures?from=2026-02-01&to=2026-02-28&indicators=accepted",
         Api.COMPARISON: "/api/v1/comparison?period=2026-02", Api.SCORES: "/api/v1/scores",
         Api.HISTORY: "/api/v1/history?subject=rates"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two departments of February 2026."""
    site = make_site(tmp_path_factory.mktemp("readers"), **{"security.read_token_per_minute": 1_000})
    for day in each_day(date(2026, 2, 2), date(2026, 2, 6)):
        for org, early in ((OWN_ORG, 36), (OTHER_ORG, 10)):
            count_day(site.services.database, org, day, **concluded(40, early))
    return site


def issued(site: Site, name: str = "data-centre", apis: frozenset[Api] = EVERYTHING, **scope: str) -> str:
    return site.services.read_tokens.issue(name, ReadScope(apis, **scope), 30, ADMIN)


def asked(site: Site, path: str, token: str, method: str = "GET") -> Any:
    return site.app.test_client().open(path, method=method, headers={"Authorization": f"Bearer {token}"},
                                       json={} if method == "POST" else None)


def test_a_token_opens_the_interfaces_of_its_scope_and_no_other(site: Site) -> None:
    token = issued(site, apis=frozenset({Api.FIGURES}))
    assert {api: asked(site, path, token).status_code for api, path in PATHS.items()} == {
        Api.FIGURES: 200, Api.COMPARISON: 403, Api.SCORES: 403, Api.HISTORY: 403}
    assert asked(site, PATHS[Api.SCORES], token).json["code"] == "read_token_of_others"
    whole = issued(site)
    assert [api for api, path in PATHS.items() if asked(site, path, whole).status_code in (401, 403)] == []
    assert asked(site, "/api/v1/indicators", whole).status_code == 200
    elsewhere = ("/api/v1/figures/persons?org=fagai&from=2026-02-01&to=2026-02-28", "/api/v1/bulletins", "/api/v1/events",
                 "/comparison/", "/comparison/export.csv", "/counted/export.csv", "/api/v1/webhooks")
    assert [path for path in elsewhere if asked(site, path, whole).status_code not in (302, 401, 403, 405)] == []


def test_a_token_reads_and_does_nothing(site: Site) -> None:
    token = issued(site)
    acts = [one for one in OPERATIONS if one.method != "get" and one.path.startswith(("/api/v1/scores", "/api/v1/history"))]
    assert len(acts) > 5
    for one in acts:
        path = one.path.replace("<int:number>", "1").replace("<ticket>", "0" * 16)
        assert asked(site, path, token, one.method.upper()).status_code == 401, one.path


def test_the_rules_are_those_of_a_person_of_that_scope(site: Site) -> None:
    search = "/api/v1/comparison?period=2026-02&indicator=early_rate"
    of_unit = asked(site, search, issued(site, org=OWN_ORG)).json
    person = site.client(Role.DEPARTMENT_USER).get(search).json
    assert of_unit == person
    assert (of_unit["is_anonymous"], [one["key"] for one in of_unit["units"] if one["key"]]) == (True, [OWN_ORG])
    assert asked(site, search, issued(site)).json == site.client(Role.LEADER).get(search).json

    figures = PATHS[Api.FIGURES]
    keys = [one["key"] for one in asked(site, f"{figures}&orgs={OTHER_ORG}", issued(site, org=OWN_ORG)).json["figures"]]
    assert keys == [], "another department is not its"
    own = asked(site, figures, issued(site, org=OWN_ORG)).json["figures"]
    assert [one["key"] for one in own] == [OWN_ORG]
    assert asked(site, figures, issued(site, area="360599")).json["figures"] == []
    assert len(asked(site, figures, issued(site, area="360500")).json["figures"]) == 2


def test_only_its_hash_is_kept_and_every_use_is_written_down(site: Site) -> None:
    token = issued(site, "audited")
    with site.services.database.read() as conn:
        row = conn.execute(select(read_tokens).where(read_tokens.c.name == "audited")).mappings().one()
    assert row["token_hash"] == hash_of(token)
    assert token not in str(dict(row))
    asked(site, PATHS[Api.COMPARISON], token)
    look = site.services.read_log.looks("read_api")[0]
    assert (look.actor, look.subject) == ("read:audited", PATHS[Api.COMPARISON])
    assert site.services.read_log.looks("read_token")[0].subject.startswith("+ audited: comparison figures history scores")


def test_an_address_no_database_can_keep_is_refused_before_it_is_written_down(site: Site) -> None:
    token, before = issued(site, "odd"), site.services.read_log.looks("read_api")
    answer = asked(site, "/api/v1/scores/1/departments/a%00b", token)
    assert (answer.status_code, answer.json["code"]) == (400, "control_characters")
    assert site.services.read_log.looks("read_api") == before


def test_a_token_revoked_or_made_up_opens_nothing(site: Site) -> None:
    token, second = issued(site, "gone"), issued(site, "gone")
    assert site.services.read_tokens.revoke("gone", ADMIN) == 2
    for wrong in (token, second, "yg_read_x", "yg_feed_x", ""):
        answer = asked(site, PATHS[Api.FIGURES], wrong)
        assert (answer.status_code, answer.json["code"]) in ((401, "read_token_unknown"), (401, "sign_in_required")), wrong
    feed = site.services.accounts.issue_token("feed", "hall")
    assert asked(site, PATHS[Api.FIGURES], feed).status_code == 401, "a feed writes, and reads nothing"


def test_no_more_requests_than_a_minute_may_have_and_an_end(site: Site) -> None:
    clock = FrozenClock(NOW)
    tokens = ReadTokens(site.services.uow, clock, site.services.read_log, ReadLimits(per_minute=2, days_max=10))
    token = tokens.issue("slow", ReadScope(frozenset({Api.FIGURES})), 10, ADMIN)
    admitted = [tokens.admit(token, "figures", "/", "").name for _ in range(2)]
    assert admitted == ["read:slow"] * 2
    with pytest.raises(ReadTooFast) as refused:
        tokens.admit(token, "figures", "/", "")
    assert (refused.value.status, refused.value.retry_after) == (429, 60)
    clock.advance(timedelta(seconds=61))
    assert tokens.admit(token, "figures", "/", "").has(Role.LEADER)
    clock.advance(timedelta(days=10))
    with pytest.raises(NotAuthenticated) as over:
        tokens.admit(token, "figures", "/", "")
    assert over.value.code == "read_token_expired"
    with pytest.raises(InvalidInput) as too_long:
        tokens.issue("slow", ReadScope(frozenset({Api.FIGURES})), 11, ADMIN)
    assert too_long.value.code == "read_token_days"


def test_an_administrator_of_an_area_issues_and_ends_tokens_of_it_only(site: Site) -> None:
    bound = Actor("yu", frozenset({Role.ADMINISTRATOR}), area="360502")
    tokens = site.services.read_tokens
    with pytest.raises(NotPermitted):
        tokens.issue("of-all", ReadScope(EVERYTHING), 5, bound)
    tokens.issue("district", ReadScope(EVERYTHING, area="360502"), 5, bound)
    issued(site, "city")
    assert (tokens.revoke("city", bound), tokens.revoke("district", bound)) == (0, 1)


def test_what_the_document_calls_open_to_readers_is_what_the_gate_opens(site: Site) -> None:
    document = site.app.test_client().get("/api/v1/openapi.json").json
    assert document["components"]["securitySchemes"]["read"]["scheme"] == "bearer"  # type: ignore[index]
    told = {one.path for one in OPERATIONS if "read" in one.by}
    assert told
    assert all(max((rule for rule in RULES if rule.covers(path)), key=lambda rule: len(rule.path)).api for path in told)
