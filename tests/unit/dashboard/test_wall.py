"""The wall as Python lays it out: every place has its script, every sentence its words, nothing comes from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash.development.base_component import Component
from flask import Flask
from flask.testing import FlaskClient

from config.texts import load_texts
from dashboard import shell
from dashboard.headers import add_security_headers
from dashboard.pages import wall
from dashboard.words import remember_language

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted((ROOT / "assets" / "js").rglob("*.*js"))
LOCALES = {name: texts.tree for name, texts in load_texts().items()}


def make_services(language: str = "zh") -> Any:
    display = SimpleNamespace(language=language)
    return SimpleNamespace(texts=lambda wanted: SimpleNamespace(tree=LOCALES[wanted]),
                           catalogue=SimpleNamespace(organisations={}),
                           settings=SimpleNamespace(display=display, server=SimpleNamespace(stale_after_s=12),
                                                    video=SimpleNamespace(port=8051, public_url="")))


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    server = Flask(__name__)
    add_security_headers(server, over_https=False)
    remember_language(server)
    shell.mount(server, wall, make_services())
    return server.test_client()


def components(node: Any) -> Iterator[Component]:
    """Every component of a layout, outermost first."""
    if isinstance(node, list | tuple):
        for child in node:
            yield from components(child)
    elif isinstance(node, Component):
        yield node
        yield from components(getattr(node, "children", None))


def properties(name: str) -> list[str]:
    return [one.to_plotly_json()["props"][name] for one in components(wall.layout(make_services()))
            if name in one.to_plotly_json()["props"]]


def keys_below(tree: Any, path: str = "") -> Iterator[str]:
    if isinstance(tree, dict):
        for name, node in tree.items():
            yield from keys_below(node, f"{path}.{name}" if path else name)
    else:
        yield path


def test_every_living_place_has_a_script_that_is_mounted_on_it() -> None:
    registered = re.findall(r'"([a-z-]+)": \(\) => import', (ROOT / "assets/js/main.mjs").read_text("utf-8"))

    assert set(properties("data-live")) <= set(registered)
    assert len(properties("data-live")) >= 9


def test_ids_are_unique() -> None:
    ids = [one.id for one in components(wall.layout(make_services())) if getattr(one, "id", None)]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_a_script_asks_for_exists(language: str) -> None:
    known = list(keys_below({"wall": LOCALES[language]["wall"]}))
    for script in SCRIPTS:
        for asked in re.findall(r"[\"'`](wall\.[a-zA-Z0-9_.${}]+)[\"'`]", script.read_text("utf-8")):
            pattern = re.sub(r"\\\$\\\{.*?\\\}", "[a-z0-9_]+", re.escape(asked))

            assert any(re.fullmatch(pattern, key) for key in known), f"{script.name} asks for {asked}"


def test_both_languages_have_the_same_sentences_with_the_same_values() -> None:
    chinese, english = (dict(_flat(LOCALES[name]["wall"])) for name in ("zh", "en"))

    assert chinese.keys() == english.keys()
    for key, sentence in english.items():
        assert set(re.findall(r"\{\w+\}", sentence)) <= set(re.findall(r"\{\w+\}", chinese[key])), key


def _flat(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for name, node in tree.items():
        if isinstance(node, dict):
            yield from _flat(node, f"{path}.{name}")
        else:
            yield f"{path}.{name}", node


def test_it_hands_the_texts_and_the_limit_of_staleness_to_the_script() -> None:
    config = json.loads(properties("data-config")[0])

    assert config["texts"]["wall"]["room"] == LOCALES["zh"]["wall"]["room"]
    assert config["staleAfterMs"] == 12_000


def test_the_page_says_its_language_and_which_page_it_is(client: FlaskClient) -> None:
    assert '<html lang="zh-CN" class="page-wall">' in client.get("/wall/").text
    assert '<html lang="en" class="page-wall">' in client.get("/wall/?lang=en").text
    # The frame is asked for separately and must speak the same language.
    assert "Past statutory limit" in client.get("/wall/_dash-layout").text


def test_the_page_loads_its_entry_as_a_module_and_leaves_the_modules_to_it(client: FlaskClient) -> None:
    page = client.get("/wall/").text

    assert re.search(r'src="/wall/assets/js/main\.mjs[^"]*" type="module"', page)
    assert "assets/js/modules/" not in page
    assert page.index("ext/socket.io.min.js") < page.index("js/main.mjs")
    with client.get("/wall/assets/js/modules/live_state.mjs") as module:
        assert module.status_code == 200


def test_nothing_on_the_page_comes_from_another_host(client: FlaskClient) -> None:
    page = client.get("/wall/").text
    policy = client.get("/wall/").headers["Content-Security-Policy"]
    own = SCRIPTS + sorted((ROOT / "assets/css").glob("*.css"))

    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/=]+'", policy)
    # The name of the vocabulary of SVG is no address: nothing is fetched from it.
    assert not [path.name for path in own if re.search(r"https?://(?!www\.w3\.org/)|@import", path.read_text("utf-8"))]


def test_the_scripts_never_write_markup_from_data() -> None:
    for script in SCRIPTS:
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\("

        assert not re.search(markup, script.read_text("utf-8")), script.name


def test_it_has_no_callbacks(client: FlaskClient) -> None:
    assert client.get("/wall/_dash-dependencies").json == []
