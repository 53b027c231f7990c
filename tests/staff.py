"""The whole web server on a small real installation, and people who sign in to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bootstrap import Services, build_services
from cases.events import CaseEvent, EventData, EventKind
from config.settings import load_settings
from core.access import Role
from core.accounts import Accounts
from core.clock import FrozenClock, SystemClock
from core.instants import to_us
from dashboard.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD, create_demo_accounts
from server import build_server

OWN_ORG, OTHER_ORG = "fagai", "minzheng"
SAME_ORIGIN = {"Origin": "http://localhost"}
AS_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the real one takes a tenth of a second on purpose
NOW = datetime(2026, 3, 16, 6, 3, 20, tzinfo=UTC)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True)
class Site:
    """A server with the five demonstration people; 赵晓燕 (zhao) belongs to OWN_ORG."""

    app: Flask
    services: Services

    def client(self, role: Role | None = None) -> FlaskClient:
        """A browser; signed in as the demonstration's person of that role."""
        client = self.app.test_client()
        if role is not None:
            answer = sign_in(client, next(one.username for one in DEMO_ACCOUNTS if one.role is role))
            assert answer.status_code == 303, answer.text
        return client

    def item_of(self, org: str) -> str:
        return next(item.code for item in self.services.catalogue.items.values()
                    if item.org == org and item.promised is not None and item.promised.unit == "wd")

    def record_case(self, case_no: str, org: str, applicant: str = "王小明") -> None:
        """A case accepted on Tuesday 2026-02-03 10:20 in Shanghai and never concluded."""
        accepted = to_us(datetime(2026, 2, 3, 2, 20, tzinfo=UTC))
        data = EventData(applicant=applicant, title=f"{applicant}申请")
        self.services.recorder.record([CaseEvent(
            source="hall", source_event_id=f"{case_no}-1", kind=EventKind.ACCEPTED, case_no=case_no, area="360500",
            claimed_at=accepted, org=org, item=self.item_of(org), data=data)])


def make_site(folder: Path, *, demo: bool = False, **settings_given: Any) -> Site:
    """Build everything on a SQLite file in `folder`, standing still at NOW."""
    settings = load_settings({
        "database.url": f"sqlite:///{folder / 'site.db'}", "journal.key": "j" * 32, "security.secret_key": "s" * 32,
        "complaints.identity_key": "i" * 32, "applicants.key": "a" * 32, "approval.material_dir": str(folder / "materials"),
        "papers.key_dir": str(folder / "keys"), "payments.gateway": "sandbox",
        "approval.preview_dir": str(folder / "previews"), "recording.dir": str(folder / "recordings"),
        "recording.evidence_dir": str(folder / "evidence"), "recording.copies_dir": str(folder / "copies"),
        "exports.dir": str(folder / "exports"), "history.dir": str(folder / "history"),
        "journal.anchor_dir": str(folder / "anchors"), "feeds.drop_dir": str(folder / "drop"), "demo.enabled": demo,
        **settings_given})
    services = build_services(settings, FrozenClock(NOW))
    services = replace(services, accounts=Accounts(services.uow, SystemClock(), hasher=QUICK, factor_key=b"s" * 32))
    create_demo_accounts(services.accounts, OWN_ORG)
    return Site(build_server(services).app, services)


def csrf_of(client: FlaskClient) -> str:
    """The token in the sign-in form of this browser."""
    found = _CSRF.search(client.get("/sign-in/?next=/desk/").text)
    assert found is not None
    return found[1]


def sign_in(client: FlaskClient, username: str, password: str = DEMO_PASSWORD, **fields: str) -> TestResponse:
    form = {"username": username, "password": password, "csrf": csrf_of(client), **fields}
    return client.post("/sign-in/", data=form, headers=SAME_ORIGIN)


def run_callback(client: FlaskClient, page: str, outputs: str, inputs: Mapping[str, Any],
                 state: Mapping[str, Any] | None = None, changed: str = "") -> TestResponse:
    """What the browser asks when an input changed. Keys are `id.property`; `outputs` as Dash names them."""
    def parts(values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [{"id": key.split(".")[0], "property": key.split(".")[1], "value": value} for key, value in values.items()]

    names = outputs.strip(".").split("...")
    named = [{"id": name.split(".")[0], "property": name.split(".")[1]} for name in names]
    body = {"output": outputs, "outputs": named if outputs.startswith("..") else named[0], "inputs": parts(inputs),
            "state": parts(state or {}), "changedPropIds": [changed or next(iter(inputs))]}
    return client.post(f"{page}_dash-update-component", json=body, headers=SAME_ORIGIN)


def outputs_with(client: FlaskClient, page: str, name: str) -> str:
    """How Dash names the outputs of the callback that has this one: those others write too carry a hash."""
    known = client.get(f"{page}_dash-dependencies").json
    found = [one["output"] for one in known if name in one["output"].strip(".").split("...")]
    assert len(found) == 1, (name, found)
    return str(found[0])


def told_to(answer: TestResponse, component: str) -> dict[str, Any]:
    """What a callback answered for a component; empty where it left it alone."""
    return dict(answer.json["response"].get(component, {})) if answer.status_code == 200 else {}
