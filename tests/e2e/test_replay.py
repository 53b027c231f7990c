"""`app.py replay` plays a log through the live system, and the wall moves as it did then."""

from __future__ import annotations

import csv
from pathlib import Path

from bootstrap import build_services
from config.settings import load_settings
from tests.e2e.program import Program
from tests.e2e.screens import Screens, believed, loaded, sign_in, wait_for_card

HEAD = ("id", "kind", "case_no", "at", "org", "item", "promised_due", "statutory_due")
DAYS_PER_SECOND = 3
LOG = [
    ("1", "受理", "R-1", "2026-03-02 09:00:00", "fagai", "permit", "2026-03-04", "2026-12-31"),
    ("2", "受理", "R-2", "2026-03-02 10:00:00", "minzheng", "permit", "2026-03-04", "2026-03-10"),
    ("3", "受理", "R-3", "2026-03-03 10:00:00", "Bouwzaken", "permit", "2026-12-30", "2026-12-31"),
    ("4", "办结", "R-1", "2026-03-12 10:00:00", "", "", "", ""),
    ("5", "受理", "R-4", "2026-03-16 10:00:00", "jiaoyu", "permit", "2026-12-30", "2026-12-31"),
]


def test_a_replayed_log_raises_its_cards_as_its_days_pass(tmp_path: Path, screens: Screens) -> None:
    log = tmp_path / "log.csv"
    with log.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEAD, *LOG])
    url, key, secret = f"sqlite:///{tmp_path / 'replay.db'}", "j" * 32, "s" * 32
    services = build_services(load_settings({"database.url": url, "journal.key": key, "security.secret_key": secret}))
    screen = services.accounts.issue_token("screen", "大屏")
    services.database.dispose()
    arguments = ("replay", str(log), "--mapping", "yangguang_csv", "--speed", str(DAYS_PER_SECOND * 86_400), "--database", url,
                 "--port", "0")

    with Program(tmp_path, *arguments, journal__key=key, security__secret_key=secret) as program:
        assert "replaying" in program.log
        wall = screens.blank(may_lose_link=True)  # the program ends before the page
        wall.goto(f"{program.address}/wall/?screen={screen}")
        loaded(wall)
        wait_for_card(wall, "red", "R-2")
        wait_for_card(wall, "yellow", "R-1", "已消除 未签收")
        wall.wait_for_function("() => window.yangguang.state().board.rows.some((row) => row.org === 'jiaoyu')")

        rows = {row["org"]: (row["open"], row["red"]) for row in believed(wall)["board"]["rows"] if row["open"]}
        assert rows == {"minzheng": (1, 1), "Bouwzaken": (1, 0), "jiaoyu": (1, 0)}
        assert believed(wall)["serverTime"] >= "2026-03-16"

        door = screens.blank(may_lose_link=True)
        sign_in(door, program.address, "li", "/desk/")
        door.wait_for_url(f"{program.address}/desk/")  # the people the door offers are let in
        door.close()
