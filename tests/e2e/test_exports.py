"""An inspector exports a slice in the browser, sees it made and takes the files away; an administrator gets no names."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.centre import CommandCentre
from tests.e2e.screens import Screens, sign_in, wait_for_text
from tests.exporting import APPLICANT, COUNTY, record

PATIENCE = 120_000  # a busy machine draws a page in seconds


@pytest.fixture
def filled(centre: CommandCentre) -> CommandCentre:
    record(centre.services, 24)
    return centre


def opened(screens: Screens, centre: CommandCentre, name: str, size: tuple[int, int] = (1920, 1080)) -> Page:
    page = screens.blank(size)
    page.set_default_timeout(PATIENCE)
    sign_in(page, centre.address, name, "/exports/")
    page.wait_for_selector("#exports-list > *")
    return page


def chosen(page: Page, field: str, words: str) -> None:
    """One of the choices of a list."""
    page.click(f"#exports-{field}")
    page.locator(".dash-dropdown-option").filter(has_text=re.compile(f"^{re.escape(words)}$")).click()
    page.keyboard.press("Escape")


def test_a_slice_is_chosen_made_and_taken_away(filled: CommandCentre, screens: Screens, tmp_path: Path) -> None:
    page = opened(screens, filled, "li")
    chosen(page, "format", "CSV (.csv.gz)")
    chosen(page, "area", filled.services.catalogue.areas[COUNTY].name)
    chosen(page, "kinds", "受理")
    page.fill("#exports-since", "2025-12-18")
    page.fill("#exports-until", "2026-02-28")
    page.click("#exports-start")
    wait_for_text(page, "#exports-said", "已排队，编号 1")
    wait_for_text(page, "#export-1", "已完成")
    wait_for_text(page, "#export-1", "受理")
    with page.expect_download() as taken:
        page.click("#export-1 a:has-text('数据')  >> nth=0")
    taken.value.save_as(tmp_path / "data.csv.gz")
    rows = list(csv.DictReader(io.StringIO(gzip.decompress((tmp_path / "data.csv.gz").read_bytes()).decode(), newline="")))
    assert {row["area"] for row in rows} == {COUNTY}
    assert {row["kind"] for row in rows} == {"accepted"}
    with page.expect_download() as taken:
        page.click("#export-1 a:has-text('清单')")
    taken.value.save_as(tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    assert manifest["rows"] == len(rows)
    assert taken.value.suggested_filename == "yangguang-1.csv.gz.manifest.json"
    looks = filled.services.read_log.looks()
    assert [(one.what, one.actor) for one in looks] == [
        ("journal_export_file", "li"), ("journal_export_file", "li"), ("journal_export", "li")]


def test_names_are_for_who_may_have_them_and_says_why(filled: CommandCentre, screens: Screens, tmp_path: Path) -> None:
    page = opened(screens, filled, "li")
    page.click("#exports-personal label")
    page.click("#exports-start")
    wait_for_text(page, "#exports-said", "须写明用途")
    page.fill("#exports-reason", "核查投诉")
    page.click("#exports-start")
    wait_for_text(page, "#export-1", "含个人信息")
    wait_for_text(page, "#export-1", "已完成")
    with page.expect_download() as taken:
        page.click("#export-1 a:has-text('数据') >> nth=0")
    taken.value.save_as(tmp_path / "log.xes.gz")
    assert APPLICANT in gzip.decompress((tmp_path / "log.xes.gz").read_bytes()).decode()

    other = opened(screens, filled, "chen", (3840, 2160))
    other.wait_for_selector("#exports-personal-part", state="hidden")
    wait_for_text(other, "#export-1", "李敏")
