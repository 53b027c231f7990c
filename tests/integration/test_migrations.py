"""Migrations go up, down and up again on both databases, and leave exactly the tables the code declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, insert, inspect, select, text, update

from cases.acts import Fault, kept_faults
from cases.models import case_table, journal
from core.database import Database, import_models
from papers.models import paper_numbers, papers
from papers.numbering import take_number
from tests.ground import Revisions

pytestmark = pytest.mark.usefixtures("plain_ground")

REPOSITORY = Path(__file__).resolve().parents[2]


def alembic_for(url: str) -> Config:
    config = Config(REPOSITORY / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic reads, and compiles, every migration for every command; the tests below give it two hundred."""
    monkeypatch.setattr(command, "ScriptDirectory", Revisions())


@pytest.fixture
def tables(fresh_database_url: str) -> Callable[[], set[str]]:
    """The names of the tables that stand in the database now, Alembic's own left out."""

    def names() -> set[str]:
        database = Database(fresh_database_url)
        try:
            return set(inspect(database.engine).get_table_names()) - {"alembic_version"}
        finally:
            database.dispose()

    return names


def test_it_goes_up_down_and_up_again(fresh_database_url, tables):
    config = alembic_for(fresh_database_url)
    declared = set(import_models().tables)

    command.upgrade(config, "head")
    after_upgrade = tables()
    command.downgrade(config, "base")
    after_downgrade = tables()
    command.upgrade(config, "head")

    assert declared == after_upgrade
    assert set() == after_downgrade
    assert declared == tables()


def test_every_single_step_can_be_taken_back(fresh_database_url):
    config = alembic_for(fresh_database_url)
    steps = list(ScriptDirectory.from_config(config).walk_revisions())

    for _step in steps:
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")

    with pytest.raises(Exception, match="Relative revision"):
        command.upgrade(config, "+1")


def test_the_migrated_schema_is_the_declared_one(fresh_database_url):
    command.upgrade(alembic_for(fresh_database_url), "head")

    assert [] == differences(fresh_database_url)


def test_create_all_gives_the_same_schema_as_the_migrations(fresh_database_url):
    """Tests and benchmarks create tables directly; they must be testing what installations have."""
    database = Database(fresh_database_url)
    database.create_all()
    database.dispose()

    assert [] == differences(fresh_database_url)


def test_there_is_one_head():
    assert 1 == len(ScriptDirectory.from_config(alembic_for("sqlite://")).get_heads())


def differences(url: str) -> list[object]:
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            return list(compare_metadata(context, import_models()))
    finally:
        database.dispose()


def test_late_data_kept_by_kind_become_one_fault_with_what_the_journal_knows(fresh_database_url):
    """A database of before 0012 holds one fault for each kind of event; today's record reads what the migration made of it."""
    config, hour = alembic_for(fresh_database_url), 3_600_000_000
    before = '[["late_data","accepted",10],["late_data","step",20],["wrong_post","批准",30]]'
    events = [("1", "received", None, 5, 5 + hour), ("2", "accepted", None, 10, 10 + 25 * hour),
              ("2", "accepted", None, 10, 99 * hour), ("3", "step", "审核", 40, 40 + 30 * hour),
              ("4", "step", "承办", 20, 20 + 30 * hour), ("5", "step", "批准", 1, 99 * hour)]
    command.upgrade(config, "0011")
    database = Database(fresh_database_url)
    with database.transaction() as conn:
        conn.execute(case_table.insert().values(case_id=7, area="a", case_no="1", org="o", item="i", state="accepted",
                                                light="normal", last_event_at=0, tally="", acts=before, fold=b""))
        for seq, (number, kind, step, claimed_at, received_at) in enumerate(events, start=1):
            conn.execute(journal.insert().values(
                seq=seq, event_id=bytes([seq]) * 16, case_id=7, case_no="1", area="a", kind=kind, claimed_at=claimed_at,
                utc_offset=480, src_order=0, received_at=received_at, source="hall", source_event_id=number, source_version=1,
                step=step, payload="{}", chain="o", chain_pos=seq, prev_mac=b"", mac=b""))
    command.upgrade(config, "head")
    with database.read() as conn:
        late, other = kept_faults(conn.scalar(select(case_table.c.acts)))
    command.downgrade(config, "0011")
    with database.read() as conn:
        after = conn.scalar(select(case_table.c.acts))
    database.dispose()

    assert (late.code, late.subject, late.at, other) == ("late_data", "", 10, Fault("wrong_post", "批准", 30))
    assert [(one.source_event_id, one.step, one.delay) for one in late.late] == [
        ("2", "", 25 * hour), ("3", "审核", 30 * hour), ("4", "承办", 30 * hour)]
    assert before == after


def test_papers_already_issued_are_counted_on_by_what_is_written(fresh_database_url):
    """A unit renamed in mid-year, and two words before the numbers of one unit: the next number is behind the last written."""
    config = alembic_for(fresh_database_url)
    issued = [("生态罚线〔2026〕2号", "生态局", 2), ("生态收〔2026〕1号", "生态局", 1), ("生态收〔2026〕3号", "生态局", 3)]
    command.upgrade(config, "0021")
    database = Database(fresh_database_url)
    with database.transaction() as conn:
        for number, issuer, place in issued:
            conn.execute(text("INSERT INTO papers (number, kind, issuer, year, place, title, area, org, subject, issued_at, "
                              "content) VALUES (:number, 'received', :issuer, 2026, :place, 't', 'a', 'o', 's', 0, '')"),
                         {"number": number, "issuer": issuer, "place": place})
        conn.execute(text("INSERT INTO paper_numbers (issuer, kind, year, last) "
                          "VALUES ('生态局', 'received', 2026, 3), ('complaints', 'T', 2026, 9)"))
    command.upgrade(config, "head")
    with database.transaction() as conn:
        counted = dict(conn.execute(select(paper_numbers.c.series, paper_numbers.c.last)).all())
        after = {series: take_number(conn, series, "received", 2026) for series in ("生态罚线", "生态收")}
        conn.execute(insert(papers).values(number="生态罚线〔2026〕3号", kind="received", issuer="长" * 120, year=2026, place=3,
                                           title="t", area="a", org="o", subject="s", issued_at=0, content=""))
        conn.execute(update(papers).where(papers.c.place == 3).values(issuer="生态局"))  # by both words
    command.downgrade(config, "0021")
    with database.read() as conn:
        before = dict(conn.execute(text("SELECT issuer, last FROM paper_numbers")).all())
    command.upgrade(config, "head")
    database.dispose()

    assert counted == {"生态罚线": 2, "生态收": 3, "complaints": 9}
    assert after == {"生态罚线": 3, "生态收": 4}
    assert before == {"生态局": 3, "complaints": 9}


def test_open_appeals_learn_who_filed_them_and_waiting_replies_get_a_term(fresh_database_url):
    config = alembic_for(fresh_database_url)
    command.upgrade(config, "0035")
    database = Database(fresh_database_url)
    plain = {"key": "k", "case_id": 1, "case_no": "1", "area": "a", "org": "o", "item": "i", "title": "t", "source": "s",
             "rule": "r", "rule_version": "v", "clock_kind": "promised", "ordinal": 0, "level": 2, "condition": True,
             "is_stale": False, "rev": 3, "opened_at": 1, "level_at": 1, "raised_at": 1, "evidence": "[]"}
    stories = [{"appeal": "filed", "disposition": "signed"}, {"appeal": "none", "disposition": "replied"},
               {"appeal": "rejected", "disposition": "replied", "closed_at": 9}]
    with database.engine.begin() as conn:
        cards, log = (Table(name, MetaData(), autoload_with=conn) for name in ("cards", "card_log"))
        for number, story in enumerate(stories, 1):
            conn.execute(insert(cards).values(id=number, **plain | {"key": f"k{number}"} | story))
            conn.execute(insert(log), [
                {"seq": 10 * number + place, "card_id": number, "rev": place, "at": place, "actor": actor, "actor_name": actor,
                 "action": "appealed", "reason": "", "detail": "{}"} for place, actor in enumerate(("first", "last"))])
    command.upgrade(config, "0037")

    with database.engine.begin() as conn:
        assert [tuple(row) for row in conn.execute(text("SELECT id, appealed_by FROM cards ORDER BY id"))] == [
            (1, "last"), (2, None), (3, None)]
        assert [tuple(row) for row in conn.execute(text("SELECT card_id, kind, done_at FROM card_deadlines"))] == [
            (2, "review", None)]
    database.dispose()


def test_issued_cards_of_which_nothing_was_kept_wait_to_be_counted(fresh_database_url):
    config = alembic_for(fresh_database_url)
    command.upgrade(config, "0046")
    database = Database(fresh_database_url)
    with database.engine.begin() as conn:
        for number, issued in ((1, 5), (2, 5), (3, None)):
            fill(conn, "cards", id=number, key=f"k{number}", case_id=7, issued_at=issued)
        fill(conn, "figure_cards", card_id=1, case_id=7, marks="[]", counting=2)
    command.upgrade(config, "0048")
    kept = "SELECT card_id, marks, counting FROM figure_cards ORDER BY card_id"
    with database.engine.begin() as conn:
        assert [tuple(row) for row in conn.execute(text(kept))] == [(1, "[]", 2), (2, "", 0)]
    command.downgrade(config, "0046")
    with database.engine.begin() as conn:
        assert [row.card_id for row in conn.execute(text(kept))] == [1]
    database.dispose()


def test_payments_taken_back_are_refused_ones_before_0050_and_leave_their_reference_free(fresh_database_url):
    config = alembic_for(fresh_database_url)
    command.upgrade(config, "0050")
    database = Database(fresh_database_url)
    with database.engine.begin() as conn:
        for number, (state, reference) in enumerate((("reversed", "A"), ("booked", "A"), ("reversing", "B")), start=1):
            fill(conn, "hosted_payments", id=number, kind="pos", reference=reference, state=state, words="", entered_by="qian",
                 decided_by="qian", decided_name="", decided_at=5, reversal_reason="重复", reversed_by="shen", reversed_at=9)
    command.downgrade(config, "0049")
    with database.engine.connect() as conn:
        kept = conn.execute(text("SELECT state, words, decided_by, decided_at FROM hosted_payments ORDER BY id")).all()
    command.upgrade(config, "0050")
    database.dispose()

    assert [tuple(row) for row in kept] == [
        ("refused", "重复", "shen", 9), ("booked", "", "qian", 5), ("booked", "", "qian", 5)]


def fill(connection, table: str, **values: object) -> None:
    """A row with these values, and something fitting in every other column that must have one."""
    for column in inspect(connection).get_columns(table):
        if column["name"] not in values and not column["nullable"] and column.get("default") is None:
            python = column["type"].python_type
            values[column["name"]] = {str: "x", bool: False}.get(python, python())
    names = ", ".join(f'"{name}"' for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})"), values)


def test_parts_that_were_refused_or_came_to_nothing_hold_a_project_at_its_join(fresh_database_url):
    config = alembic_for(fresh_database_url)
    command.upgrade(config, "0037")
    database = Database(fresh_database_url)
    ends = (("concluded", ("granted",)), ("concluded", ("refused",)), ("voided", ()), ("concluded", ("refused", "granted")))
    with database.engine.begin() as connection:
        fill(connection, "hosted_cases", case_id=1, case_no="P", step="会审", flow="{}", particulars="{}")
        for number, (state, results) in enumerate(ends, start=2):
            fill(connection, "cases", case_id=number, case_no=f"P-{number}", state=state)
            fill(connection, "hosted_nodes", project_id=1, node=str(number), case_id=number, state="done", after="[]")
            for place, result in enumerate(results):
                fill(connection, "journal", seq=10 * number + place, case_id=number, kind="concluded", source="hosted",
                     source_event_id=f"{number}/{place}", event_id=bytes([number, place]) * 8,
                     payload=f'{{"result":"{result}"}}')
    command.upgrade(config, "0038")
    with database.engine.connect() as connection:
        found = dict(connection.execute(text("SELECT node, state FROM hosted_nodes")).all())
    database.dispose()
    assert found == {"2": "done", "3": "refused", "4": "void", "5": "done"}
