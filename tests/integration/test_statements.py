"""Statements composed once: the same values, rows and errors as through the toolkit, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from cases.models import chain_heads
from core.database import Database
from core.errors import InvalidInput
from core.models import accounts, marks, outbox
from core.statements import Statement, inserting

ENTER = inserting(outbox, "seq", "topic", "subject", "rev", "at", "payload")
OF_TOPIC = Statement(select(outbox.c.seq, outbox.c.subject).where(
    outbox.c.topic == bindparam("about"), outbox.c.rev == 1).order_by(outbox.c.seq).limit(2))
MOVE = Statement(update(outbox).where(outbox.c.topic == bindparam("about")).values(rev=outbox.c.rev + bindparam("by")))


@pytest.fixture
def database(fresh_database_url: str) -> Iterator[Database]:
    made = Database(fresh_database_url)
    made.create_all()
    yield made
    made.dispose()


def message(seq: int, topic: str = "card", rev: int = 1) -> dict[str, object]:
    return {"seq": seq, "topic": topic, "subject": f"第{seq}件 100% 'a?b'", "rev": rev, "at": 2**60, "payload": "{}"}


def test_rows_come_back_as_they_went_in_with_fixed_values_and_given_ones(database: Database):
    with database.transaction() as conn:
        for seq in (3, 1, 2):
            assert ENTER.run(conn, **message(seq)) == 1
        ENTER.run(conn, **message(4, "alarm"))
    with database.read() as conn:
        assert [(row.seq, row.subject) for row in OF_TOPIC.rows(conn, about="card")] == [
            (1, "第1件 100% 'a?b'"), (2, "第2件 100% 'a?b'")]
        assert OF_TOPIC.first(conn, about="alarm").seq == 4
        assert OF_TOPIC.value(conn, about="alarm") == 4
        assert OF_TOPIC.first(conn, about="nothing") is None
        assert OF_TOPIC.value(conn, about="nothing") is None


def test_it_says_how_many_rows_were_changed(database: Database):
    with database.transaction() as conn:
        ENTER.run(conn, **message(1))
        ENTER.run(conn, **message(2))
        assert MOVE.run(conn, about="card", by=5) == 2
        assert MOVE.run(conn, about="alarm", by=5) == 0
        assert conn.scalars(select(outbox.c.rev)).all() == [6, 6]


def written_and_then_broken(database: Database) -> None:
    with database.transaction() as conn:
        ENTER.run(conn, **message(1))
        raise ZeroDivisionError


def test_what_it_wrote_goes_with_the_transaction(database: Database):
    with pytest.raises(ZeroDivisionError):
        written_and_then_broken(database)
    with database.read() as conn:
        assert OF_TOPIC.rows(conn, about="card") == []


def test_statements_of_a_snapshot_see_one_moment_though_the_toolkit_runs_none_of_them(database: Database):
    with database.transaction() as conn:
        ENTER.run(conn, **message(1))
    with database.snapshot() as early:
        assert len(OF_TOPIC.rows(early, about="card")) == 1
        with database.transaction() as conn:
            ENTER.run(conn, **message(2))
        assert len(OF_TOPIC.rows(early, about="card")) == 1


def test_errors_are_those_of_the_toolkit(database: Database):
    with database.transaction() as conn:
        ENTER.run(conn, **message(1))
    with pytest.raises(IntegrityError), database.transaction() as conn:
        ENTER.run(conn, **message(1))


def test_a_number_no_column_holds_is_the_mistake_of_whoever_gave_it(database: Database):
    with pytest.raises(InvalidInput) as refusal, database.read() as conn:
        MOVE.run(conn, about="card", by=2**70)
    assert refusal.value.code == "number_out_of_range"


def test_a_value_left_out_is_an_error_not_null(database: Database):
    given = message(1)
    del given["payload"]
    with pytest.raises((KeyError, ProgrammingError)), database.transaction() as conn:
        ENTER.run(conn, **given)


def test_text_that_returns_a_number(database: Database):
    take = Statement(text("INSERT INTO marks (name, value) VALUES (:name, '7') RETURNING value"))
    with database.transaction() as conn:
        assert take.value(conn, name="x") == "7"
        assert conn.scalar(select(marks.c.name)) == "x"


def test_truth_values_and_bytes_come_back_as_the_toolkit_gives_them(database: Database):
    with database.transaction() as conn:
        conn.execute(insert(accounts).values(username="he", display_name="何静", password_hash="x", roles="", created_at=1))
        conn.execute(insert(chain_heads).values(chain="a", pos=1, mac=b"\x00\xff", seal=b"s"))
        for clause in (select(accounts), select(chain_heads)):
            [row], [same] = Statement(clause).rows(conn), conn.execute(clause).all()
            assert [(type(value), value) for value in row] == [(type(value), value) for value in same]


def test_a_parameter_whose_values_are_converted_is_refused(database: Database):
    with pytest.raises(TypeError), database.transaction() as conn:
        Statement(update(chain_heads).values(seal=bindparam("given"))).run(conn, given=b"s")
