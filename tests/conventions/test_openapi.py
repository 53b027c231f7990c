"""The served OpenAPI document is the interface: every route is in it, nothing else is, and it is what the code validates."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.api_document import document_path
from dashboard.gate import RULES, Rule
from server import OPERATIONS
from supervision.complaints.http import PublicComplaint
from tests.staff import Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("openapi"))


@pytest.fixture(scope="module")
def document(site: Site) -> dict[str, Any]:
    told: dict[str, Any] = site.app.test_client().get("/api/v1/openapi.json").get_json()
    return told


def described(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def test_every_route_of_the_interface_is_in_the_document_and_no_other(site: Site, document: dict[str, Any]) -> None:
    served = {(document_path(route.rule), method.lower()) for route in site.app.url_map.iter_rules()
              if route.rule.startswith("/api/v1") for method in (route.methods or set()) - {"HEAD", "OPTIONS"}}

    assert served == {(path, method) for path, method, _ in described(document)}


def test_a_complaint_is_described_by_the_type_that_validates_it(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/v1/complaints"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"]["PublicComplaint"]

    assert body == {"$ref": "#/components/schemas/PublicComplaint"}
    assert set(schema["required"]) == {"id", "category", "org", "title", "content"}
    assert set(schema["properties"]) == set(PublicComplaint.__struct_fields__)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["title"]["maxLength"] == 120
    example = {"id": "1", "category": "delay", "org": "fagai", "title": "t", "content": "c"}
    assert msgspec.json.decode(json.dumps(example), type=PublicComplaint).channel == "web"


def test_who_may_is_what_the_gate_says(document: dict[str, Any]) -> None:
    schemes = set(document["components"]["securitySchemes"])
    wrong = []
    for one in OPERATIONS:
        rule = _rule(one.path)
        asked = {"session"} if rule.roles else set()
        asked |= {{"feed": "token"}.get(rule.token, rule.token)} if rule.token else set()
        if one.method != "post" and one.path == "/api/v1/complaints":
            asked -= {"token"}  # a source files, and reads nothing
        if one.method != "get":
            asked -= {"read"}  # a reader's token reads
        if set(one.by) != asked:
            wrong.append((one.path, one.method, one.by, asked))

    assert wrong == []
    assert {scheme for one in OPERATIONS for scheme in one.by} <= schemes


def test_every_reference_and_place_is_there_and_every_name_is_unique(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    names = Counter(one["operationId"] for _, _, one in described(document))

    assert references <= set(document["components"]["schemas"])
    assert [name for name, times in names.items() if times > 1] == []
    for path, _, one in described(document):
        places = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert places == {place["name"] for place in one.get("parameters", ()) if place["in"] == "path"}, path
        assert any(status.startswith("2") for status in one["responses"]), path


def test_the_actions_of_the_document_are_those_that_are_done(document: dict[str, Any], site: Site) -> None:
    for what in ("orders", "complaints"):
        path = next(one for one in document["paths"] if one.startswith(f"/api/v1/{what}/") and one.endswith("{action}"))
        place = next(one for one in document["paths"][path]["post"]["parameters"] if one["name"] == "action")
        source = Path(site.app.root_path) / "supervision" / what / "http.py"

        assert place["schema"]["enum"], what
        assert all(f'"{action}"' in source.read_text(encoding="utf-8") for action in place["schema"]["enum"])


def _rule(path: str) -> Rule:
    return max((rule for rule in RULES if rule.covers(path)), key=lambda rule: len(rule.path))
