"""Every address of the server has an access rule, and the rule is what is enforced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule as Route

from core.access import Role
from dashboard.gate import RULES, Gate, Rule
from tests.staff import Site, make_site

PUBLIC = {"/", "/sign-in/", "/sign-in/oidc/", "/sign-in/oidc/back", "/assets/<path:path>", "/healthz", "/api/v1/openapi.json"}
FROM_OUTSIDE = {"REMOTE_ADDR": "203.0.113.9"}
SIGNED_IN = (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.DEPARTMENT_USER, Role.ADMINISTRATOR)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("access"))


@pytest.fixture(scope="module")
def clients(site: Site) -> dict[Role | None, FlaskClient]:
    return {role: site.client(role) for role in (None, *SIGNED_IN)}


def routes(site: Site) -> list[Route]:
    return list(site.app.url_map.iter_rules())


def an_address(route: Route) -> str:
    return re.sub(r"<int:[^>]+>", "1", re.sub(r"<(?!int:)[^>]+>", "x", route.rule))


def rule_of(route: Route) -> Rule | None:
    return Gate.rule_of(_RULES_ONLY, route.rule)


class _RulesOnly(Gate):
    def __init__(self) -> None:
        self._rules = sorted(RULES, key=lambda rule: -len(rule.path))


_RULES_ONLY = _RulesOnly()


def test_every_route_has_a_rule(site: Site) -> None:
    missing = [route.rule for route in routes(site) if rule_of(route) is None]

    assert missing == []


def test_only_the_listed_routes_are_public(site: Site) -> None:
    public = {route.rule for route in routes(site) if (rule := rule_of(route)) is not None and rule.public}

    assert {path for path in public if not path.startswith("/public/")} == PUBLIC


def test_no_rule_names_an_address_that_does_not_exist(site: Site) -> None:
    patterns = [route.rule for route in routes(site)]

    assert [rule.path for rule in RULES if not any(rule.covers(pattern) for pattern in patterns)] == []


def test_a_stranger_gets_nothing_but_the_public_routes(site: Site, clients: dict[Role | None, FlaskClient]) -> None:
    opened = []
    for route in routes(site):
        for method in sorted((route.methods or set()) - {"OPTIONS"}):
            answer = clients[None].open(an_address(route), method=method, buffered=True, environ_base=FROM_OUTSIDE)
            if answer.status_code not in (302, 401, 403):
                opened.append(route.rule)

    assert {path for path in opened if not path.startswith("/public/")} <= PUBLIC


@pytest.mark.parametrize("role", SIGNED_IN)
def test_a_role_enters_what_its_rules_allow_and_nothing_else(site: Site, clients: dict[Role | None, FlaskClient],
                                                            role: Role) -> None:
    wrong = []
    for route in routes(site):
        rule = rule_of(route)
        assert rule is not None
        if "GET" not in (route.methods or set()):
            continue
        status = clients[role].get(an_address(route), buffered=True, environ_base=FROM_OUTSIDE).status_code
        may_enter = rule.public or role in rule.roles
        if may_enter == (status in (401, 403)):
            wrong.append((route.rule, status))

    assert wrong == []


def test_no_answer_comes_without_the_security_headers(site: Site, clients: dict[Role | None, FlaskClient]) -> None:
    for address in ("/", "/healthz", "/sign-in/", "/desk/", "/nothing-here", "/desk/_dash-layout", "/assets/css/10-base.css"):
        headers = clients[Role.DUTY_OFFICER].get(address, buffered=True).headers

        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy, address
        assert "frame-ancestors 'none'" in policy, address
        assert re.search(r"https?://", policy) is None, address
        assert "unsafe-eval" not in policy, address
        assert "script-src 'self' 'unsafe-inline'" not in policy, address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address


def test_pages_name_each_rule_in_the_security_document() -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text(encoding="utf-8")

    assert [rule.path for rule in RULES if f"`{rule.path}`" not in document] == []
