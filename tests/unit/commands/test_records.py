"""import, verify, recount, sweep, anchor and export: what they print and the exit codes others rely on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.unit.commands.conftest import LOG

IMPORT = ("import", "log.csv", "--mapping", "yangguang_csv")


def write_log(text: str = LOG) -> None:
    Path("log.csv").write_text(text, encoding="utf-8")


def tamper(statement: str) -> None:
    connection = sqlite3.connect("record.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_an_untouched_installation_is_found_in_order(on_loaded):
    verified, recounted = on_loaded("verify"), on_loaded("recount")
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "10 rows checked, 0 faults")
    assert (recounted.code, recounted.out) == (0, "5 cases recounted, 0 differences\n")


def test_an_import_that_was_refused_nothing_is_code_0_a_second_one_knows_everything(on_empty):
    write_log()
    first = on_empty(*IMPORT, "--format", "json")
    assert first.code == 0
    again = on_empty(*IMPORT)
    assert again.code == 0
    assert "0 recorded, 10 known before, 0 refused" in again.out
    assert json.loads(first.out)["accepted"] == 10


def test_an_import_with_refused_records_keeps_the_good_ones_and_is_code_2(on_empty):
    bad = "6,Land,nonsense,2018-10-15 10:00,6a,\n7,Land,accepted,yesterday,7a,\n"
    write_log(LOG + bad + "8,Land,accepted,2018-10-15 10:00,8a,\n")
    done = on_empty(*IMPORT)
    assert done.code == 2
    assert "11 recorded, 0 known before, 2 refused" in done.out
    assert "line 12" in done.out
    assert on_empty("recount").out == "6 cases recounted, 0 differences\n"


def test_a_missing_file_and_an_unknown_mapping_are_code_1_with_the_reason(on_empty):
    missing = on_empty(*IMPORT)
    write_log()
    unknown = on_empty("import", "log.csv", "--mapping", "martian")
    assert (missing.code, unknown.code) == (1, 1)
    assert "log.csv" in missing.err
    assert "martian" in unknown.err


def test_a_second_database_in_the_same_folder_is_no_forgery_of_the_first(on_empty):
    write_log()
    on_empty(*IMPORT)
    write_log(LOG.replace("Land", "Fire"))
    on_empty(*IMPORT, "--database", "sqlite:///second.db")
    first, second = on_empty("verify"), on_empty("verify", "--database", "sqlite:///second.db")
    assert (first.code, second.code) == (0, 0)
    assert "10 rows checked, 0 faults" in first.out
    assert "also has anchors of the record" in second.out
    assert name_in(first.out) != name_in(second.out)

    Path("second.db").unlink()
    on_empty(*IMPORT, "--database", "sqlite:///second.db")
    assert on_empty("verify", "--database", "sqlite:///second.db").code == 0, "made anew, it is another record"


def test_a_record_that_the_settings_name_is_not_exchanged_for_another(on_empty, monkeypatch):
    write_log()
    on_empty(*IMPORT)
    monkeypatch.setenv("YANGGUANG_JOURNAL__RECORD", name_in(on_empty("verify").out))
    assert on_empty("verify").code == 0
    Path("record.db").unlink()
    replaced = on_empty("verify")
    assert replaced.code == 3
    assert "record_replaced" in replaced.out


def name_in(out: str) -> str:
    return next(line.split()[1] for line in out.splitlines() if line.startswith("record "))


def test_an_export_says_whose_anchors_it_is_held_to(on_empty):
    write_log()
    on_empty(*IMPORT)
    on_empty(*IMPORT, "--database", "sqlite:///second.db")
    name = on_empty("export-journal", "out.jsonl").out.split()[-1]
    asked = ("verify", "--export", "out.jsonl", "--anchors", "data/anchors")
    unclear = on_empty(*asked)
    assert unclear.code == 2
    assert name in unclear.err
    assert on_empty(*asked, "--record", name).out == "10 rows checked, 0 faults\n"


def test_an_edited_row_is_named_and_is_code_3(on_empty):
    write_log()
    on_empty(*IMPORT)
    tamper("UPDATE journal SET claimed_at = claimed_at + 1 WHERE chain = 'Land' AND chain_pos = 3")
    done = on_empty("verify")
    assert done.code == 3
    assert "row_edited: chain Land, row 3\n" in done.out
    assert done.out.endswith("10 rows checked, 2 faults\n"), "the seal and the anchor both tell"


def test_a_wrong_counter_is_code_3_and_repaired_on_demand_only(on_empty):
    write_log()
    on_empty(*IMPORT)
    tamper("UPDATE counter_lights SET red = red + 4 WHERE org = 'Water'")
    assert [on_empty("recount").code for _ in range(2)] == [3, 3]
    repaired = on_empty("recount", "--repair")
    assert (repaired.code, repaired.out) == (3, "counter_lights Water//red: kept 5, journal says 1\n"
                                                "5 cases recounted, 1 differences, repaired\n")
    assert on_empty("recount").code == 0


def test_an_export_is_verified_with_the_public_anchors_alone(on_empty):
    write_log()
    on_empty(*IMPORT)
    assert on_empty("export-journal", "out.jsonl").out .startswith("10 rows written to out.jsonl, record ")
    assert on_empty("anchor").out.startswith("0 chains anchored"), "the import anchored them"
    good = on_empty("verify", "--export", "out.jsonl", "--anchors", "data/anchors")
    assert (good.code, good.out) == (0, "10 rows checked, 0 faults\n")
    Path("out.jsonl").write_text(Path("out.jsonl").read_text(encoding="utf-8").replace("2b", "2x"), encoding="utf-8")
    bad = on_empty("verify", "--export", "out.jsonl", "--anchors", "data/anchors")
    assert (bad.code, "anchor_differs: chain Land" in bad.out) == (3, True)
    assert on_empty("verify", "--export", "out.jsonl").code == 2


def test_a_sweep_says_what_it_did(on_loaded):
    done = on_loaded("sweep")
    assert (done.code, done.out) == (0, "0 cases looked at, 0 rungs passed, 0 failed\n")


def test_the_same_commands_work_on_postgresql(on_empty, fresh_postgres_url):
    write_log()
    there = ("--database", fresh_postgres_url)
    assert on_empty(*IMPORT, *there).code == 0
    assert on_empty("verify", *there).out.splitlines()[-1] == "10 rows checked, 0 faults"
    assert on_empty("recount", *there).out == "5 cases recounted, 0 differences\n"
    heat = on_empty("heatmap", "--from", "2018-10-31", "--to", "2018-10-31", "--limit", "own", *there)
    assert heat.out == "department,2018-10-31\n'=Formula,1\nLand,0\nWater,1\n"
