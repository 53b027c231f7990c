"""The public site of its own: its pages without the inside, its gate, and that it does not even know the inside's program."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from exchange.outer.models import metadata
from public_site import build_public_site
from tests.editing import content_of, published
from tests.hosting import HALL
from tests.pair import PDF, Pair, outer_settings
from tests.staff import AS_BROWSER, SAME_ORIGIN

REPOSITORY = Path(__file__).resolve().parents[3]
APPLY = "/public/apply/gongxin-01/"
WHO = {"kind": "company", "name": "锦程通信", "phone": "13979000001", "title": "城南<基站>"}
INSIDE = ("bootstrap", "server", "jobs", "alerts", "feeds", "dash", "exchange.inner", "portal.direct", "core.models",
          "core.unit_of_work", "core.accounts", "cases.models", "cases.service", "cases.queries", "approval.models",
          "approval.desk", "approval.intake", "approval.queries", "supervision.models", "papers.models", "papers.service")


def browser(pair: Pair) -> Any:
    client: Any = pair.site.app.test_client()
    client.csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/public/case/").text)[1]
    return client


def post(client: Any, at: str, **form: object) -> Any:
    return client.post(at, data={"csrf": client.csrf, **form}, headers={**SAME_ORIGIN, **AS_BROWSER})


def filed(client: Any) -> tuple[str, str]:
    post(client, f"{APPLY}begin")
    post(client, APPLY, **WHO, then="next")
    paper = {"code": "shenqing", "file-shenqing": (io.BytesIO(PDF), "申请.pdf")}
    assert post(client, f"{APPLY}materials/", **paper).status_code == 303
    sent = post(client, f"{APPLY}review/", agreed="yes")
    assert sent.status_code == 200
    assert "等待内网接收" in sent.text
    return tuple(re.search(rf'id="{name}">([^<]+)<', sent.text)[1] for name in ("case-no", "password"))  # type: ignore[return-value]


def test_the_applicant_sees_honestly_where_his_application_is(pair: Pair):
    client = browser(pair)
    number, password = filed(client)
    waiting = client.get("/public/case/").text
    assert "已提交，等待内网接收" in waiting
    assert "城南&lt;基站&gt;" in waiting
    assert number in waiting
    assert post(client, "/public/case/withdraw", sure="yes").status_code == 409
    pair.round()
    elsewhere = browser(pair)
    assert post(elsewhere, "/public/case/enter", no=number, password=password).status_code == 303
    text = elsewhere.get("/public/case/").text
    assert 'id="state">已申办' in text
    assert "的反馈为准" in text
    code = re.search(r"/public/case/paper/(\w+)/docx", text)[1]
    assert elsewhere.get(f"/public/case/paper/{code}/docx").data[:2] == b"PK"
    assert elsewhere.get(f"/public/check/{code}").status_code == 200
    assert browser(pair).get(f"/public/case/paper/{code}/docx").status_code == 404
    assert post(elsewhere, "/public/case/withdraw", sure="yes").status_code == 303
    assert "撤回申请" in elsewhere.get("/public/case/").text
    pair.round()
    assert "已撤回" in elsewhere.get("/public/case/").text


def test_what_was_refused_is_taken_back_and_sent_again(pair: Pair):
    client = browser(pair)
    filed(client)
    content = content_of(pair.hall)
    published(pair.hall, {**content, "retired": True})
    pair.round()
    refused = client.get("/public/case/").text
    assert "内网未能接收" in refused
    assert post(client, f"{APPLY}again").headers["Location"] == APPLY
    assert "锦程通信" in client.get(APPLY).text
    published(pair.hall, {**content, "retired": False})
    assert post(client, f"{APPLY}review/", agreed="yes").status_code == 200
    pair.round()
    assert len(pair.hall.approval.queries.search(HALL, "锦程")) == 1


def test_a_letter_gets_a_number_and_an_empty_one_is_refused(pair: Pair):
    client = browser(pair)
    form = {"category": "delay", "org": "gongxin", "title": "超期", "content": "没有回音"}
    assert "WS-" in post(client, "/public/tell/complaint/", **form).text
    assert client.get("/public/told/").status_code == 404  # what becomes of it is known inside only
    assert "/public/told/" not in client.get("/public/tell/complaint/").text
    assert post(client, "/public/tell/complaint/", **{**form, "content": " "}).status_code == 400


@pytest.mark.usefixtures("undrawn")
def test_who_asks_again_as_he_was_told_to_is_not_locked_out(pair: Pair):
    case, client = pair.hall.filed(), browser(pair)
    for _ in range(outer_settings(pair.folder / "outer").portal.failures_per_case + 2):
        assert "正在向内网核对" in post(client, "/public/case/enter", no=case.case_no, password=case.password).text
    pair.round()
    assert post(client, "/public/case/enter", no=case.case_no, password=case.password).status_code == 303


def test_other_passwords_for_a_case_asked_after_are_tries(pair: Pair):
    client, most = browser(pair), outer_settings(pair.folder / "outer").portal.failures_per_case
    said = [post(client, "/public/case/enter", no="360500-gongxin-20260316-0001-0", password=f"222222222{guess}").status_code
            for guess in range(2, 3 + most)]
    assert said == [404] * most + [429]


@pytest.mark.parametrize("path", ["/", "/public/", "/public/items/", "/public/items/gongxin-01/", "/public/check/",
                                  "/public/tell/complaint/", "/public/case/", "/public/check/AAAA"])
def test_every_page_stands_without_the_inside(pair: Pair, path: str):
    answer = pair.site.app.test_client().get(path, follow_redirects=True)
    assert answer.status_code in (200, 404)
    assert "/sign-in/" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_forms_need_the_token_and_strangers_get_nothing(pair: Pair):
    client = browser(pair)
    assert client.post(f"{APPLY}begin", data={"csrf": "made up"}, headers=SAME_ORIGIN).status_code == 403
    assert client.post(f"{APPLY}begin", data={"csrf": client.csrf}, headers={"Origin": "http://evil.test"}).status_code == 403
    for path in ("/desk/", "/sign-in/", "/api/v1/cards", "/exchange/v1/", "/exchange/v1/take"):
        assert client.get(path).status_code in (404, 405)
    for rule in pair.site.app.url_map.iter_rules():
        assert rule.rule in ("/", "/healthz", "/assets/favicon.ico") or rule.rule.startswith(("/public/", "/exchange/v1/"))


def test_every_question_of_the_exchange_is_signed(pair: Pair):
    questions = [rule.rule for rule in pair.site.app.url_map.iter_rules() if rule.rule.startswith("/exchange/")]
    assert len(questions) == 5
    for path in questions:
        assert pair.site.app.test_client().post(path, data=b"{}").status_code == 401


def test_it_does_not_start_without_a_key(tmp_path: Path):
    with pytest.raises(ConfigError, match="exchange_key_missing") as refusal:
        build_public_site(outer_settings(tmp_path, **{"exchange.key": "short"}))
    assert "short" not in str(refusal.value)


def test_the_program_of_the_inside_is_not_even_loaded():
    """As `python app.py portal` loads it: no module of the inside, no table of its database but our own."""
    code = ("import sys, app\napp.command_of('outside.run_portal')\n"
            "from core.database import metadata\nprint(sorted(metadata.tables), *sys.modules, sep='\\n')")
    told = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    tables, *modules = told.splitlines()
    assert tables == "[]"
    assert [name for name in modules if name in INSIDE or name.split(".")[0] in INSIDE] == []


def test_every_command_that_is_offered_is_there():
    import argparse

    import app

    def offered(parser: argparse.ArgumentParser, above: dict[str, object]) -> list[dict[str, object]]:
        """What its commands are set to, and those below a word that gathers others or is one with acts of its own."""
        here = above | parser._defaults
        below = next((one.choices for one in parser._actions if isinstance(one, argparse._SubParsersAction)), None)
        return [here] if below is None else [each for one in below.values() for each in offered(one, here)]

    commands = offered(app._parser(), {})
    assert len(commands) > 30
    for defaults in commands:
        assert callable(app.command_of(defaults["whole"] or defaults["command"]))


@pytest.mark.usefixtures("plain_ground")
def test_its_migrations_go_up_and_down_and_are_what_the_code_declares(fresh_database_url: str):
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import inspect

    from core.database import Database

    config = Config(REPOSITORY / "alembic.ini")
    config.set_main_option("script_location", str(REPOSITORY / "migrations_outer"))
    config.set_main_option("sqlalchemy.url", fresh_database_url.replace("%", "%%"))
    database = Database(fresh_database_url)
    for revision, tables in (("head", set(metadata.tables)), ("base", set()), ("head", set(metadata.tables))):
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)
        assert set(inspect(database.engine).get_table_names()) - {"alembic_version"} == tables
    with database.engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []
    database.dispose()
