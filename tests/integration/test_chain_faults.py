"""The journal's chains: whoever edits, removes, rolls back, forks or forges is noticed, with the code that says what he did."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, insert, select, update

import cases.verify
from cases.anchoring import Anchorer, rows_by_chain, verify_database
from cases.chain import ChainKeys
from cases.events import EventKind
from cases.models import anchors, chain_heads, journal
from cases.record_name import MARK, RecordName
from cases.service import Recorder
from cases.verify import check_rows, export_line, read_anchors, read_export
from core.database import Database
from core.errors import ConfigError
from core.migration import migrate
from core.models import marks
from tests.unit.cases.record import KEYS, Record, emptied, event, made_database

K = EventKind
ROWS = 12


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with made_database(request.param, request, tmp_path_factory.mktemp("chain")) as database:
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "anchors"


@pytest.fixture
def record(shared: Database) -> Record:
    """Twelve rows in the chain of Land, three in that of Water, one in that of an area."""
    record = Record(emptied(shared)).at("10-15 10:00")
    for number in range(ROWS):
        record.take(event(K.ACCEPTED, "10-15 09:00", case_no=str(number), title="标题 \"quoted\" \\ 😀"))
    record.take(*[event(K.ACCEPTED, "10-15 09:00", case_no=f"w{number}", org="Water") for number in range(3)],
                event(K.ACCEPTED, "10-15 09:00", case_no="nobody's", org=None))
    return record


def anchor(record: Record, folder: Path, every: int = 1) -> int:
    return len(Anchorer(record.uow, every, folder, NAME).anchor())


NAME = RecordName(KEYS)


def faults(record: Record, folder: Path, keys: ChainKeys = KEYS) -> list[tuple[str, str, int]]:
    _count, found = verify_database(record.database, keys, folder)
    return sorted((fault.code, fault.chain, fault.pos) for fault in found)


def change(record: Record, *statements: object) -> None:
    """What somebody with the database's password does."""
    with record.database.transaction() as conn:
        for statement in statements:
            conn.execute(statement)  # type: ignore[call-overload]


def land(table: Table = journal, first: int = 1):
    if table is chain_heads:
        return chain_heads.c.chain == "Land"
    return (table.c.chain == "Land") & (table.c.chain_pos >= first)


def copies(record: Record, *tables: Table) -> dict[Table, list[dict[str, object]]]:
    """A backup."""
    with record.database.read() as conn:
        return {table: [dict(row) for row in conn.execute(select(table)).mappings()] for table in tables}


def roll_back(record: Record, backup: dict[Table, list[dict[str, object]]]) -> None:
    for table, rows in backup.items():
        change(record, delete(table), insert(table).values(rows))


# Untouched --------------------------------------------------------------------------------------------------------

def test_an_untouched_journal_verifies_to_its_last_row(record, folder):
    count, found = verify_database(record.database, KEYS, folder)
    assert (count, found) == (16, [])
    assert anchor(record, folder) == 3
    assert verify_database(record.database, KEYS, folder) == (16, [])


def test_an_empty_installation_verifies(shared, folder):
    assert verify_database(emptied(shared), KEYS, folder) == (0, [])


def test_rows_written_after_the_anchor_continue_the_chain(record, folder):
    anchor(record, folder)
    record.take(event(K.CONCLUDED, "10-15 09:30", case_no="3"))
    assert faults(record, folder) == []


def test_the_wrong_key_fits_no_row_and_no_head(record, folder):
    found = faults(record, folder, ChainKeys(b"another secret"))
    assert {code for code, _, _ in found} == {"row_edited", "head_forged"}
    assert len(found) == 16 + 3


# Rows -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("column", ["claimed_at", "received_at", "kind", "payload", "item", "org", "source_version"])
def test_an_edited_row_is_noticed_whatever_was_edited(record, folder, column):
    value = {"claimed_at": 1, "received_at": 1, "source_version": 9, "payload": "{}"}.get(column, "voided")
    change(record, update(journal).where(land(), journal.c.chain_pos == 5).values({column: value}))
    assert faults(record, folder) == [("row_edited", "Land", 5)]


def test_a_row_edited_with_its_seal_is_noticed_all_the_same(record, folder):
    change(record, update(journal).where(land(), journal.c.chain_pos == 5).values(claimed_at=1, mac=b"\x01" * 32))
    assert faults(record, folder) == [("link_broken", "Land", 6), ("row_edited", "Land", 5)]


def test_a_row_moved_to_another_case_is_noticed(record, folder):
    change(record, update(journal).where(land(), journal.c.chain_pos == 5).values(case_id=7))
    assert faults(record, folder) == [("row_moved", "Land", 5)]


def test_a_row_removed_from_the_middle_is_noticed(record, folder):
    change(record, delete(journal).where(land(), journal.c.chain_pos == 5))
    assert faults(record, folder) == [("row_removed", "Land", 5)]


def test_two_rows_that_changed_places_are_noticed(record, folder):
    for old, new in ((5, 99), (6, 5), (99, 6)):
        change(record, update(journal).where(journal.c.chain == "Land", journal.c.chain_pos == old).values(chain_pos=new))
    assert {code for code, _, _ in faults(record, folder)} == {"link_broken", "row_edited"}


def test_a_removed_tail_is_noticed_by_the_sealed_head(record, folder):
    change(record, delete(journal).where(land(first=10)))
    assert faults(record, folder) == [("tail_removed", "Land", 10)]


def test_a_row_inserted_without_the_key_forks_the_chain(record, folder):
    [row] = [row for row in copies(record, journal)[journal] if (row["chain"], row["chain_pos"]) == ("Land", 5)]
    change(record, insert(journal).values(row | {"seq": 1000, "event_id": b"forged" + bytes(10), "claimed_at": 7}))
    codes = [code for code, _, _ in faults(record, folder)]
    assert sorted(codes) == ["chain_forked", "row_edited"]


# Heads ------------------------------------------------------------------------------------------------------------

def test_a_head_set_back_with_its_rows_has_no_seal_that_fits(record, folder):
    row9 = next(row for row in copies(record, journal)[journal] if (row["chain"], row["chain_pos"]) == ("Land", 9))
    change(record, delete(journal).where(land(first=10)), update(chain_heads).where(land(chain_heads)).values(
        pos=9, mac=row9["mac"]))
    assert faults(record, folder) == [("head_forged", "Land", 9)]


def test_a_forged_head_that_claims_more_rows_is_noticed_twice(record, folder):
    change(record, update(chain_heads).where(land(chain_heads)).values(pos=20))
    assert faults(record, folder) == [("head_forged", "Land", 20), ("tail_removed", "Land", 13)]


def test_a_removed_head_is_noticed_even_when_every_head_is_gone(record, folder):
    change(record, delete(chain_heads).where(land(chain_heads)))
    assert faults(record, folder) == [("head_removed", "Land", ROWS)]
    change(record, delete(chain_heads))
    assert {code for code, _, _ in faults(record, folder)} == {"head_removed"}
    assert len(faults(record, folder)) == 3


def test_a_removed_chain_is_noticed_by_its_head(record, folder):
    change(record, delete(journal).where(land()))
    assert faults(record, folder) == [("chain_removed", "Land", 1)]


# Anchors ----------------------------------------------------------------------------------------------------------

def test_a_chain_removed_with_its_head_is_noticed_by_its_anchor(record, folder):
    anchor(record, folder)
    change(record, delete(journal).where(land()), delete(chain_heads).where(land(chain_heads)))
    assert faults(record, folder) == [("chain_removed", "Land", 1)]


def test_a_database_rolled_back_to_a_backup_is_noticed_by_the_published_anchor(record, folder):
    backup = copies(record, journal, chain_heads)
    record.take(*[event(K.CONCLUDED, "10-15 09:30", case_no=str(number)) for number in range(3)])
    anchor(record, folder)
    change(record, delete(anchors))
    roll_back(record, backup)
    assert faults(record, folder) == [("tail_removed", "Land", ROWS + 3)]
    assert faults(record, folder.with_name("nobody kept the anchors")) == [], "the chain alone cannot know"


def test_a_rolled_back_chain_that_grew_anew_contradicts_its_first_anchor(record, folder):
    backup = copies(record, journal, chain_heads, anchors)
    record.take(*[event(K.CONCLUDED, "10-15 09:30", case_no=str(number)) for number in range(3)])
    anchor(record, folder)
    for table in (journal, chain_heads, anchors):
        change(record, delete(table))
    roll_back(record, {table: rows for table, rows in backup.items() if rows})
    Record(record.database, record.clock).take(
        *[event(K.WITHDRAWN, "10-15 09:40", case_no=str(number)) for number in range(3, 6)])
    anchor(record, folder)
    assert faults(record, folder) == [("anchor_differs", "Land", ROWS + 3)]


def test_an_anchor_is_written_for_every_chain_that_grew_enough_and_for_no_other(record, folder):
    assert anchor(record, folder, every=3) == 2
    assert anchor(record, folder, every=3) == 0
    record.take(*[event(K.CONCLUDED, "10-15 09:30", case_no=str(number)) for number in range(3)])
    assert anchor(record, folder, every=3) == 1
    assert len(Anchorer(record.uow, 1000, folder, NAME).anchor(force=True)) == 1
    kept = {(one["chain"], one["pos"]) for one in copies(record, anchors)[anchors]}
    published = {(one.chain, one.pos) for one in read_anchors(folder)}
    assert kept == published == {("Land", 12), ("Land", 15), ("Water", 3), ("360500", 1)}
    assert [file.name for file in folder.iterdir()] == ["anchors-2018-10.jsonl"]


# A stranger with an export and the public anchors ------------------------------------------------------------------

@pytest.fixture
def export(record: Record, folder: Path, tmp_path: Path) -> Path:
    anchor(record, folder)
    path = tmp_path / "journal.jsonl"
    with path.open("w", encoding="utf-8") as file, record.database.read() as conn:
        file.writelines(export_line(row) + "\n" for row in rows_by_chain(conn))
    return path


def stranger(export: Path, folder: Path) -> list[tuple[str, str, int]]:
    _count, found = check_rows(read_export(export), read_anchors(folder))
    return sorted((fault.code, fault.chain, fault.pos) for fault in found)


def edit(export: Path, change: object) -> None:
    rows = [json.loads(line) for line in export.read_text(encoding="utf-8").splitlines()]
    export.write_text("".join(json.dumps(row) + "\n" for row in change(rows)), encoding="utf-8")  # type: ignore[operator]


def test_a_stranger_verifies_an_export_without_key_and_database(export, folder):
    assert check_rows(read_export(export), read_anchors(folder)) == (16, [])


def test_a_stranger_notices_an_edited_an_omitted_and_a_missing_last_row(export, folder):
    original = export.read_text(encoding="utf-8")
    for spoil, code in ((lambda rows: [row | {"claimed_at": 1} if row["seq"] == 5 else row for row in rows], "anchor_differs"),
                        (lambda rows: [row for row in rows if row["seq"] != 5], "row_removed"),
                        (lambda rows: [row for row in rows if row["seq"] != 12], "tail_removed"),
                        (lambda rows: [row for row in rows if row["chain"] != "Water"], "chain_removed")):
        export.write_text(original, encoding="utf-8")
        edit(export, spoil)
        assert code in {found for found, _, _ in stranger(export, folder)}


STRANGER = """
import sys
from pathlib import Path
from cases.verify import check_rows, read_anchors, read_export
count, faults = check_rows(read_export(Path(sys.argv[1])), read_anchors(Path(sys.argv[2])))
print(count, [fault.code for fault in faults], sorted(name for name in sys.modules if name.split(".")[0] in
      ("cases", "core", "config", "sqlalchemy")))
"""


def test_the_verifier_runs_with_nothing_of_this_program_but_its_own_two_files(export, folder, tmp_path):
    alone = tmp_path / "alone" / "cases"
    alone.mkdir(parents=True)
    for name in ("__init__.py", "chain.py", "verify.py"):
        shutil.copy(Path(cases.verify.__file__).with_name(name), alone / name)
    done = subprocess.run([sys.executable, "-c", STRANGER, str(export), str(folder)], cwd=alone.parent, text=True,
                          capture_output=True, check=True)
    assert done.stdout.strip() == "16 [] ['cases', 'cases.chain', 'cases.verify']"


# Many records, one folder -------------------------------------------------------------------------------------------

@pytest.fixture
def named(shared: Database) -> Record:
    """A record that was named while it was empty, with three rows in one chain."""
    record = Record(emptied(shared)).at("10-15 10:00")
    NAME.give(record.uow)
    record.take(*[event(K.ACCEPTED, "10-15 09:00", case_no=str(number)) for number in range(3)])
    return record


def other_record(tmp_path: Path) -> Record:
    database = Database(f"sqlite:///{tmp_path / 'other.db'}")
    migrate(database)
    other = Record(database).at("10-15 10:00")
    NAME.give(other.uow)
    other.take(*[event(K.ACCEPTED, "10-15 09:00", case_no=f"other {number}") for number in range(5)])
    other.take(event(K.ACCEPTED, "10-15 09:00", case_no="fire", org="Fire"))
    return other


def test_two_databases_that_publish_into_one_folder_are_told_apart(named, folder, tmp_path):
    other = other_record(tmp_path)
    anchor(named, folder)
    anchor(other, folder)
    assert faults(named, folder) == []
    assert faults(other, folder) == []
    assert len({one.record for one in read_anchors(folder)}) == 2
    other.database.dispose()


def test_a_database_made_anew_is_another_record_and_one_rolled_back_is_not(named, folder):
    backup = copies(named, journal, chain_heads, anchors)
    named.take(event(K.CONCLUDED, "10-15 09:30", case_no="1"))
    anchor(named, folder)
    roll_back_to(named, backup)
    assert ("tail_removed", "Land", 4) in faults(named, folder)

    again = Record(emptied(named.database)).at("10-15 10:00")
    NAME.give(again.uow)
    again.take(event(K.ACCEPTED, "10-15 09:00", case_no="new"))
    assert faults(again, folder) == []


def roll_back_to(record: Record, backup: dict[Table, list[dict[str, object]]]) -> None:
    for table, rows in backup.items():
        change(record, delete(table))
        if rows:
            change(record, insert(table).values(rows))


def test_who_changes_or_removes_the_name_hides_nothing(named, folder):
    anchor(named, folder)
    backup = copies(named, journal, chain_heads, anchors)
    named.take(event(K.CONCLUDED, "10-15 09:30", case_no="1"))
    anchor(named, folder)
    roll_back_to(named, backup)

    change(named, update(marks).where(marks.c.name == MARK).values(value=f"{'0' * 32} {'0' * 64}"))
    assert {("name_forged", "record", 0), ("tail_removed", "Land", 4)} <= set(faults(named, folder))
    change(named, delete(marks).where(marks.c.name == MARK))
    assert ("tail_removed", "Land", 4) in faults(named, folder)


def test_another_key_is_said_and_nothing_is_written_with_it(named, folder):
    other = ChainKeys(b"another key")
    with pytest.raises(ConfigError) as refused:
        verify_database(named.database, other, folder)
    assert refused.value.code == "journal_key_differs"
    recorder = Recorder(named.uow, other, named.areas, named.city)
    with pytest.raises(ConfigError):
        recorder.record([event(K.CONCLUDED, "10-15 09:30", case_no="2")])
    assert faults(named, folder) == []
