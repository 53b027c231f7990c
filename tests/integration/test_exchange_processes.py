"""Two real processes over real HTTP, each killed in the middle: every application becomes one case, both sides agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from approval.matters import Application
from config.settings import load_settings
from core.database import Database
from portal.desk import CaseView
from public_site import PublicSite, build_public_site
from tests.e2e.program import Program
from tests.hosting import APPLICANT, ITEM
from tests.services import free_port, wait_until

pytestmark = pytest.mark.slow
KEY, COUNT, PATIENCE_S = "k" * 32, 12, 240.0


def outer(folder: Path, url: str, port: int) -> Program:
    return Program(folder, "portal", "--port", str(port), "--database", url, exchange__key=KEY, security__secret_key="s" * 32,
                   portal__file_dir=str(folder / "files"), exchange__part_dir=str(folder / "parts"),
                   database__url="postgresql://nobody@nowhere.invalid/none")


def inner(folder: Path, url: str, port: int) -> Program:
    return Program(folder, "run", "--port", str(free_port()), "--database", url, exchange__key=KEY,
                   exchange__url=f"http://127.0.0.1:{port}", exchange__interval_s="0.5", exchange__backoff_max_s="2",
                   exchange__chunk_bytes="50000", exchange__batch="4", exchange__part_dir=str(folder / "parts"),
                   journal__key="j" * 32, security__secret_key="s" * 32, complaints__identity_key="i" * 32,
                   approval__material_dir=str(folder / "materials"), sweep__interval_s="5")


def applicants(folder: Path, url: str) -> PublicSite:
    """What the pages of the public site are made of, on its database: their forms are tested elsewhere."""
    return build_public_site(load_settings({
        "portal.database_url": url, "portal.file_dir": str(folder / "files"), "exchange.part_dir": str(folder / "parts"),
        "exchange.key": KEY, "security.secret_key": "s" * 32}))


def apply(site: PublicSite, place: int) -> str:
    key = site.drafts.begin(ITEM)
    content = b"%PDF-1.4\n" + str(place).encode() * 120_000
    upload = site.drafts.attach(key, "shenqing", f"申请{place}.pdf", content)
    return site.desk.file(Application(ITEM, APPLICANT, f"第{place}件", uploads=(upload,)), key).number


def count(database: Database, statement: str) -> int:
    def ask(conn: Connection) -> int:
        return int(conn.execute(text(statement)).scalar_one())
    with database.read() as conn:
        return ask(conn)


def test_nothing_is_lost_or_done_twice_when_both_processes_die(tmp_path: Path, fresh_database_url: str):
    folders = [tmp_path / "outer", tmp_path / "inner"]
    for folder in folders:
        folder.mkdir()
    port, outer_url = free_port(), f"sqlite:///{tmp_path / 'outer' / 'portal.db'}"
    public, inside = outer(folders[0], outer_url, port), inner(folders[1], fresh_database_url, port)
    with public, inside:
        site, database = applicants(folders[0], outer_url), Database(fresh_database_url)
        cases = "SELECT count(*) FROM hosted_cases"
        numbers = [apply(site, place) for place in range(COUNT // 2)]
        wait_until(lambda: count(database, cases) >= 1, timeout_s=PATIENCE_S, what="the first case")
        inside.kill9()
        numbers += [apply(site, place) for place in range(COUNT // 2, COUNT)]
        inside.start()
        wait_until(lambda: count(database, cases) >= COUNT // 2, timeout_s=PATIENCE_S, what="half of the cases")
        public.kill9()
        public.start()

        def is_told(number: str) -> bool:
            return isinstance(site.desk.find(number), CaseView)

        wait_until(lambda: all(is_told(number) for number in numbers), timeout_s=PATIENCE_S, what="every answer")
        assert count(database, cases) == COUNT
        assert count(database, "SELECT count(DISTINCT title) FROM hosted_cases") == COUNT
        assert count(database, "SELECT count(*) FROM hosted_papers WHERE sha256 IS NOT NULL") == COUNT
        assert count(database, "SELECT count(*) FROM exchange_received WHERE state <> 'done'") == 0
        site.database.dispose()
        database.dispose()
