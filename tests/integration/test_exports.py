"""Exports of the journal: the same rows in every format, nobody in them who may not be, one state, what it says of itself."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import msgspec
import pytest
from sqlalchemy import select

from app import main
from cases.events import CaseEvent, EventKind
from cases.models import anchors, case_table, chain_heads, journal
from commands.records import import_log
from core.access import Actor
from core.errors import Conflict, TooLarge
from core.instants import MINUTE_US, from_us
from evaluation.exports.columns import COLUMNS, NAMES
from evaluation.exports.exporter import Format
from evaluation.exports.manifest import Manifest
from evaluation.exports.slices import LAST, Slice
from tests.exporting import (
    ADMINISTRATOR,
    APPLICANT,
    CITY,
    COUNTY,
    FORMULA,
    INSPECTOR,
    ODD,
    OF_COUNTY,
    OFFICER,
    record,
    site_on,
)
from tests.staff import OWN_ORG, Site

STATES = ("area", "case_no", "org", "item", "state", "light", "opened_at", "closed_at", "tally")

ALL = Slice()


@pytest.fixture
def site(tmp_path: Path, fresh_database_url: str) -> Iterator[Site]:
    made = site_on(tmp_path, fresh_database_url)
    yield made
    made.services.database.dispose()


def give(site: Site, target: Path, wanted: Slice = ALL, actor: Actor = INSPECTOR, **more: Any) -> Manifest:
    form = max((form for form in Format if target.name.endswith(f".{form.value}")), key=lambda form: len(form.value))
    return site.services.exports.exporter.export(wanted, form, target, actor, **more)


def rows_of(path: Path) -> list[dict[str, str]]:
    """A CSV export read without any product code; apostrophes are as they stand."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))


def local(event: CaseEvent) -> str:
    return (from_us(event.claimed_at + event.utc_offset * MINUTE_US)).strftime("%Y-%m-%dT%H:%M:%S.%f")


def test_every_event_is_in_it_as_its_source_told_it(site: Site, tmp_path: Path) -> None:
    events = record(site.services)
    made = give(site, tmp_path / "all.csv.gz", personal=True)
    rows = rows_of(tmp_path / "all.csv.gz")

    assert list(rows[0]) == list(NAMES)
    assert (made.rows, made.cases) == (len(events), 24) == (len(rows), len({row["case_no"] for row in rows}))
    told = sorted((one.source_event_id, one.source_version, one.kind.value, local(one), one.actor, one.step or "",
                   one.data.applicant or "", one.data.opinion or "") for one in events)
    kept = sorted((row["source_event_id"].removeprefix("'"), int(row["version"]), row["kind"], row["at"][:26], row["actor"],
                   row["step"], row["applicant"], row["opinion"].removeprefix("'") if row["opinion"].startswith("''")
                   else row["opinion"]) for row in rows)
    assert told == kept
    grouped = [row["case_no"] for row in rows]
    assert len({no for no, before in zip(grouped, ["", *grouped]) if no != before}) == 24, "case by case"
    assert {row["received_at"][-6:] for row in rows} == {"+00:00"}
    assert {row["at"][-6:] for row in rows} == {"+08:00", "+01:00"}


def test_parquet_and_xes_say_what_csv_says(site: Site, tmp_path: Path) -> None:
    record(site.services)
    for name in ("a.csv", "a.parquet", "a.xes", "b.xes.gz"):
        give(site, tmp_path / name, personal=True)
    plain = [{**row, "opinion": row["opinion"][row["opinion"].startswith("''"):]} for row in rows_of(tmp_path / "a.csv")]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    told = connection.execute(f"SELECT seq, opinion, data, epoch_us(\"at\") FROM '{tmp_path / 'a.parquet'}'").fetchall()
    assert [(str(seq), opinion or "", data) for seq, opinion, data, _ in told] == [
        (row["seq"], row["opinion"], row["data"]) for row in plain]
    assert {row[3] for row in told} == {one.claimed_at for one in journal_rows(site)}
    types = dict(connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{tmp_path / 'a.parquet'}')"
                                    ).fetchall())
    expected = {"text": "VARCHAR", "json": "VARCHAR", "integer": "BIGINT", "instant": "TIMESTAMP WITH TIME ZONE"}
    assert types == {column.name: expected[column.kind.value] for column in COLUMNS}
    assert gzip.decompress((tmp_path / "b.xes.gz").read_bytes()) == (tmp_path / "a.xes").read_bytes()
    in_xes = [{child.attrib["key"]: child.attrib["value"] for child in event}
              for event in ElementTree.parse(tmp_path / "a.xes").getroot().iter("event")]
    assert [(one["yg:seq"], one["time:timestamp"], one["concept:name"], one.get("yg:opinion", ""), one["lifecycle:transition"])
            for one in in_xes] == [(row["seq"], row["at"], row["activity"], row["opinion"], "complete") for row in plain]


def journal_rows(site: Site) -> list[Any]:
    with site.services.database.read() as conn:
        return list(conn.execute(select(journal).order_by(journal.c.seq)))


def test_the_log_declares_every_extension_it_uses(site: Site, tmp_path: Path) -> None:
    record(site.services, 3)
    give(site, tmp_path / "a.xes")
    root = ElementTree.parse(tmp_path / "a.xes").getroot()
    declared = {one.attrib["prefix"] for one in root.iter("extension")}
    used = {one.attrib["key"].partition(":")[0] for one in root.iter() if ":" in one.attrib.get("key", "")}
    assert used == declared == {"concept", "time", "lifecycle", "org", "yg"}
    ours = ElementTree.parse(tmp_path / "yangguang.xesext").getroot()
    [declaration] = [one.attrib for one in root.iter("extension") if one.attrib["prefix"] == "yg"]
    assert ours.attrib == declaration
    defined = {f"yg:{one.attrib['key']}" for level in ours for one in level}
    keys = {one.attrib["key"] for one in root.iter() if one.attrib.get("key", "").startswith("yg:")}
    assert keys <= defined == {column.key for column in COLUMNS if column.key.startswith("yg:")}


@pytest.mark.parametrize("name", ["all.csv", "all.xes", "all.parquet"])
def test_no_person_leaves_without_the_right(site: Site, tmp_path: Path, name: str) -> None:
    record(site.services)
    made = give(site, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    if name.endswith(".parquet"):
        rows = duckdb.connect().execute(f"SELECT * FROM '{tmp_path / name}'").fetchall()
        content = repr(rows).encode()
    for secret in (APPLICANT, OFFICER, "赵晓燕", "引号", "本人", "0a1b", "证-1"):
        assert secret.encode() not in content, secret
    assert made.privacy == {"applicant": "pseudonym", "officer": "pseudonym", "free_text": "omit"}
    if name.endswith(".csv"):
        rows_read = rows_of(tmp_path / name)
        applicants, actors = ({row[column] for row in rows_read} - {""} for column in ("applicant", "actor"))
        assert len(applicants) == 1
        assert len(actors) == 2
        assert applicants < actors, "one who acts for himself is an applicant"
        kept = [json.loads(row["data"])["attributes"] for row in rows_read if "attributes" in row["data"]]
        assert kept
        assert all(one == {"channel": "window"} for one in kept)


def test_slices_hold_what_a_plain_loop_picks(site: Site, tmp_path: Path) -> None:
    events = record(site.services)
    since, until = events[20].claimed_at, events[80].claimed_at
    of_org = {one.case_no for one in events if one.org == OWN_ORG}
    picks: list[tuple[Slice, Any]] = [
        (Slice(since=since, until=until), lambda one: since <= one.claimed_at < until),
        (Slice(area=COUNTY), lambda one: one.area == COUNTY),
        (Slice(org=OWN_ORG, kinds=(EventKind.CONCLUDED, EventKind.STEP)),
         lambda one: one.case_no in of_org and one.kind in ("concluded", "step")),
        (Slice(since=LAST), lambda one: False)]
    for wanted, pick in picks:
        for whole in (False, True):
            asked = msgspec.structs.replace(wanted, whole_cases=whole)
            hit = [one for one in events if pick(one)]
            cases = {one.case_no for one in hit}
            true = [one for one in events if one.case_no in cases] if whole else hit
            made = give(site, tmp_path / "slice.csv", asked)
            ids = sorted((row["source_event_id"].removeprefix("'"), row["version"]) for row in rows_of(tmp_path / "slice.csv"))
            assert ids == sorted((one.source_event_id, str(one.source_version)) for one in true), asked
            assert made.rows == len(true)


def test_who_is_bound_to_an_area_gets_its_rows_only(site: Site, tmp_path: Path) -> None:
    events = record(site.services)
    made = give(site, tmp_path / "own.csv", Slice(whole_cases=True, org=OWN_ORG), OF_COUNTY)
    asked = give(site, tmp_path / "other.csv", Slice(area=CITY), OF_COUNTY)
    rows = rows_of(tmp_path / "own.csv")
    of_org = {one.case_no for one in events if one.org == OWN_ORG}
    assert {row["area"] for row in rows} == {COUNTY}
    assert asked.rows == 0
    assert asked.chains == []
    assert len(rows) == sum(one.area == COUNTY and one.case_no in of_org for one in events)
    assert [one.area for one in made.areas] == [COUNTY]


def test_the_manifest_names_files_head_chains_and_anchors(site: Site, tmp_path: Path) -> None:
    record(site.services, 6)
    site.services.anchorer.anchor(force=True)
    made = give(site, tmp_path / "all.csv.gz")
    told = json.loads((tmp_path / "all.csv.gz.manifest.json").read_text("utf-8"))
    for one in told["files"]:
        content = (tmp_path / one["name"]).read_bytes()
        assert (one["sha256"], one["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert [one["name"] for one in told["files"]] == ["all.csv.gz", "all.csv.gz.dictionary.json", "all.csv.gz.dictionary.html"]
    with site.services.database.read() as conn:
        heads = {row.chain: (row.pos, bytes(row.mac).hex()) for row in conn.execute(select(chain_heads))}
        points = {(row.chain, row.pos): bytes(row.digest).hex() for row in conn.execute(select(anchors))}
    assert {one["chain"]: (one["pos"], one["mac"]) for one in told["chains"]} == heads
    assert {(one["chain"], one["anchor_pos"]): one["anchor_digest"] for one in told["chains"]} == points
    last = {row["chain"]: row["mac"] for row in sorted(rows_of(tmp_path / "all.csv.gz"), key=lambda row: int(row["chain_pos"]))}
    assert last == {chain: mac for chain, (_, mac) in heads.items()}
    assert made.head == told["head"] == len(journal_rows(site))
    assert told["made_by"] == INSPECTOR.name


def test_what_is_recorded_meanwhile_is_not_in_it(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = record(site.services, 12)
    monkeypatch.setattr("evaluation.exports.exporter.TOLD_EVERY", 1)
    done: list[int] = []

    def meanwhile(rows: int, _total: int) -> None:
        if not done:
            site.record_case("LATER-1", OWN_ORG)
        done.append(rows)

    made = give(site, tmp_path / "all.csv", progress=meanwhile)
    assert made.rows == len(events) == made.head
    assert done[-1] == len(events)
    assert len(journal_rows(site)) == len(events) + 1


def test_nothing_is_left_of_one_that_was_cancelled_or_too_large(site: Site, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    record(site.services, 12)
    monkeypatch.setattr("evaluation.exports.exporter.TOLD_EVERY", 1)
    folder = tmp_path / "none"
    for name in ("a.csv", "a.xes.gz", "a.parquet"):
        with pytest.raises(Conflict, match="export_cancelled"):
            give(site, folder / name, is_cancelled=lambda: True)
    object.__setattr__(site.services.exports.exporter.rules, "rows_max", 10)
    with pytest.raises(TooLarge, match="export_too_large"):
        give(site, folder / "a.csv")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["all.xes.gz", "all.csv"])
def test_read_back_it_gives_the_same_record(site: Site, tmp_path: Path, name: str) -> None:
    """With odd texts, formulas, corrections by version, whole seconds and microseconds, times of two offsets."""
    record(site.services)
    give(site, tmp_path / name, personal=True)
    other = site_on(tmp_path, f"sqlite:///{tmp_path / 'again.db'}")
    try:
        assert import_log(other.services, Namespace(
            file=str(tmp_path / name), mapping="yangguang_export", areas=str(tmp_path / f"{name}.manifest.json"), source=None,
            format="text")) == 0
        site.services.sweeper.sweep_all()
        other.services.sweeper.sweep_all()
        assert states(other) == states(site)
        payloads = [sorted((row.case_no, row.kind, row.claimed_at, row.utc_offset, row.src_order, row.actor, row.payload)
                           for row in journal_rows(one)) for one in (site, other)]
        assert payloads[0] == payloads[1]
    finally:
        other.services.database.dispose()


def states(site: Site) -> list[Any]:
    with site.services.database.read() as conn:
        return [tuple(row) for row in conn.execute(select(*case_table.c[STATES]).order_by(case_table.c.case_id))]


def test_formulas_are_harmless_in_csv(site: Site, tmp_path: Path) -> None:
    record(site.services)
    give(site, tmp_path / "all.csv", personal=True)
    cells = [cell for row in rows_of(tmp_path / "all.csv") for cell in row.values()]
    assert f"'{FORMULA}-4" in cells
    assert f"'{ODD}" in cells
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


def test_the_command_line_writes_it_and_the_audit_knows(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    record(site.services, 6)
    monkeypatch.chdir(tmp_path)
    database = ("--database", str(site.services.database.url.render_as_string(hide_password=False)))
    assert main(["export", "out/q.xes.gz", "--from", "2025-12-17", "--to", "2025-12-19", "--whole-cases", *database]) == 0
    assert "rows of 1 cases" in capsys.readouterr().out
    assert main(["export", "out/q.txt", *database]) == 1
    assert main(["export", "out/q.csv", "--kinds", "accepted,eaten", *database]) == 1
    looks = site.services.read_log.looks("journal_export")
    assert len(looks) == 1
    assert looks[0].subject.startswith("xes.gz since=")
    assert "whole_cases=True" in looks[0].subject
    assert ADMINISTRATOR.name not in looks[0].actor
