"""Mapping files: every shipped one is right, and a wrong one says where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError
from feeds.mapping import SourceMapping, find_mapping, mapping_names, read_mapping
from tests.unit.feeds.conftest import PERMITS


@pytest.mark.parametrize("name", sorted(mapping_names()))
def test_every_shipped_mapping_is_valid_and_named_like_its_file(name: str) -> None:
    assert find_mapping(name).name == name


def test_the_promised_mappings_are_shipped() -> None:
    assert {"receipt_wabo", "bpic15", "traffic_fines", "yangguang_csv"} <= set(mapping_names())


@pytest.mark.parametrize(("wrong", "right", "key"), [
    ("    open: acepted", "    open: accepted", "event.kinds.open"),
    ("  at: [at", "  at: at", None),
    ("  att: at", "  at: at", "event.at"),
    ("  actor: {column: who, join: [a, b]}", "  actor: who", "event.actor"),
])
def test_a_mistake_is_reported_with_its_line(write_mapping: Callable[[str], SourceMapping], wrong: str, right: str,
                                             key: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS.replace(right, wrong))
    assert caught.value.details["line"] > 1
    assert caught.value.details["file"].endswith("permits.yaml")
    assert caught.value.details["remedy"]
    if key is not None:
        assert caught.value.details["key"].startswith(key)


def test_a_misspelt_key_is_named_and_not_the_one_that_is_missing_for_it(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS.replace("  at: at", "  att: at"))
    assert caught.value.details["key"] == "event.att"
    assert PERMITS.splitlines()[caught.value.details["line"] - 1] == "  at: at"
    assert "spelling" in caught.value.details["remedy"]


def test_an_unknown_zone_is_reported_where_it_stands(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS + "time: {zone: Europe/Atlantis}\n")
    assert caught.value.details["key"] == "time.zone"
    assert caught.value.details["line"] == len(PERMITS.splitlines()) + 1


@pytest.mark.parametrize("form", ["%Q", "ISO8601", "%d.%m.%Y %"])
def test_a_format_no_time_could_be_read_by_is_reported_where_it_stands(write_mapping: Callable[[str], SourceMapping],
                                                                      form: str) -> None:
    write_mapping(PERMITS + "time: {formats: [iso, epoch_ms, '%d.%m.%Y %H:%M', '%Y年%m月%d日']}\n")
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS + f"time: {{formats: [iso, '{form}']}}\n")
    assert caught.value.details["key"] == "time.formats.1"
    assert caught.value.details["line"] == len(PERMITS.splitlines()) + 1


def test_an_empty_file_is_no_mapping(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping("")
    assert caught.value.details["line"] == 1


def test_an_unknown_field_of_the_data_names_the_known_ones(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS.replace("  actor: who", "  actor: who\n  data: {promise_due: by}"))
    assert "promised_due" in caught.value.details["remedy"]


def test_a_mapping_of_cases_without_case_events_is_refused(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError, match="case_events"):
        write_mapping(PERMITS + "rows: case\n")


def test_two_case_events_of_one_kind_are_refused(write_mapping: Callable[[str], SourceMapping]) -> None:
    twice = "case_events: [{kind: accepted, at: a}, {kind: accepted, at: b}]\n"
    with pytest.raises(ConfigError, match="twice"):
        write_mapping(PERMITS + twice)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        find_mapping("../../etc/passwd")
    assert "receipt_wabo" in caught.value.details["known"]


def test_the_first_directory_wins(tmp_path: Path) -> None:
    own = tmp_path / "bpic15.yaml"
    own.write_text(PERMITS.replace("name: permits", "name: bpic15"), encoding="utf-8")
    assert find_mapping("bpic15", (tmp_path,)).path == own
    assert read_mapping(own).reference == "bpic15"


def test_a_template_with_an_unknown_name_is_refused(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS + "source: '{town}'\n")
    assert caught.value.details["key"] == "source"
    assert "{area}" in caught.value.details["remedy"]


def test_the_example_in_the_documentation_is_a_valid_mapping(write_mapping: Callable[[str], SourceMapping]) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "feeds.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    assert write_mapping(example).name == "permits"


def test_a_sibling_that_does_not_exist_is_reported_where_it_stands(write_mapping: Callable[[str], SourceMapping]) -> None:
    with pytest.raises(ConfigError) as caught:
        write_mapping(PERMITS + "siblings: [bpic15_cases, nowhere]\n")
    assert caught.value.details["key"] == "siblings.1"
    assert "bpic15_cases" in caught.value.details["remedy"]
