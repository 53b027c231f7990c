"""A page of Dash without a browser: fields are filled in and buttons pressed by the requests a browser makes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask.testing import FlaskClient

from tests.staff import SAME_ORIGIN

Id = str | Mapping[str, Any]


def key_of(component: Id) -> str:
    """As Dash writes an id into a request."""
    return component if isinstance(component, str) else json.dumps(component, sort_keys=True, separators=(",", ":"))


class DashForm:
    """What stands on the page, by id and property; `plain` are values of what its layout draws."""

    def __init__(self, client: FlaskClient, page: str, **plain: Any) -> None:
        self._client, self._page = client, page
        self._callbacks = client.get(f"{page}_dash-dependencies").json
        self.values: dict[tuple[str, str], Any] = {(name.replace("__", "-"), prop): value
                                                   for name_prop, value in plain.items()
                                                   for name, _, prop in [name_prop.rpartition("__")]}
        self._drawn: dict[str, Id] = {}

    def call(self, component: Id, prop: str, *, answers: str) -> dict[str, Any]:
        """Ask the callback that answers for that output, as if this property had changed; keep what it sets."""
        callback = next(one for one in self._callbacks or () if answers in one["output"] and any(
            self._matches(given["id"], component) for given in one["inputs"]))
        outputs = [self._output(one) for one in callback["output"].strip(".").split("...")]
        body = {"output": callback["output"], "outputs": outputs if callback["output"].startswith("..") else outputs[0],
                "inputs": [self._given(one) for one in callback["inputs"]],
                "state": [self._given(one) for one in callback["state"]],
                "changedPropIds": [f"{key_of(component)}.{prop}"]}
        answer = self._client.post(f"{self._page}_dash-update-component", headers=SAME_ORIGIN, content_type="application/json",
                                   data=json.dumps(body))  # in the order it stands in, as a browser sends it
        assert answer.status_code in (200, 204), answer.text
        made: dict[str, Any] = (answer.json or {}).get("response", {}) if answer.status_code == 200 else {}
        for key, props in made.items():
            self.values |= {(key, name): value for name, value in props.items()}
        return made

    def draw(self, children: Any) -> None:
        """Take what was drawn as what stands there now."""
        for key in self._drawn:
            self.values = {known: value for known, value in self.values.items() if known[0] != key}
        self._drawn = {}
        for component, props in components_of(children):
            key = key_of(component)
            self._drawn[key] = component
            self.values |= {(key, name): props[name] for name in ("value", "children") if name in props}

    def shown(self, component: Id, prop: str = "value") -> Any:
        return self.values.get((key_of(component), prop))

    def put(self, component: Id, value: Any, prop: str = "value") -> None:
        """Fill in a field, which must be there."""
        if not isinstance(component, str):
            assert key_of(component) in self._drawn, component
        self.values[key_of(component), prop] = value

    def press(self, component: Id, *, answers: str) -> dict[str, Any]:
        self.put(component, 1, "n_clicks")
        made = self.call(component, "n_clicks", answers=answers)
        self.put(component, None, "n_clicks")
        return made

    def _given(self, spec: Mapping[str, str]) -> Any:
        if not spec["id"].startswith("{"):
            return {**spec, "value": self.values.get((spec["id"], spec["property"]))}
        return [{"id": one, "property": spec["property"],
                 "value": one if spec["property"] == "id" else self.values.get((key, spec["property"]))}
                for key, one in self._drawn.items() if self._matches(spec["id"], one)]

    def _output(self, text: str) -> Any:
        name, _, prop = text.rpartition(".")
        if not name.startswith("{"):
            return {"id": name, "property": prop}
        return [{"id": one, "property": prop} for one in self._drawn.values() if self._matches(name, one)]

    @staticmethod
    def _matches(pattern: str, component: Id) -> bool:
        if not pattern.startswith("{"):
            return pattern == component
        wanted = json.loads(pattern)
        return isinstance(component, Mapping) and wanted.keys() == component.keys() and all(
            value == ["ALL"] or value == component[name] for name, value in wanted.items())


def components_of(node: Any) -> Iterator[tuple[Id, Mapping[str, Any]]]:
    if isinstance(node, list):
        for one in node:
            yield from components_of(one)
    elif isinstance(node, Mapping):
        props = node.get("props", {})
        if "id" in props:
            yield props["id"], props
        yield from components_of(props.get("children"))
