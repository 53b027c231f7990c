"""`detect` and `volumes`: what they print, keep and refuse."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

from tests.unit.commands.conftest import Run

HEAD = "case_no,org,kind,at,id,own_due\n"


def _upside_down(folder: Path) -> None:
    rows = [f"{n},Land,{kind},2018-10-{day} 10:{n:02},{n}{kind}," for n in range(4)
            for kind, day in (("decided", 15), ("accepted", 16), ("concluded", 17))]
    (folder / "turned.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


def test_findings_come_as_text_json_and_csv_and_a_dry_run_keeps_nothing(on_empty: Run, tmp_path: Path) -> None:
    _upside_down(tmp_path)
    assert on_empty("import", "turned.csv", "--mapping", "yangguang_csv").code == 0
    month = ("detect", "--from", "2018-10-01", "--to", "2018-10-31", "--only", "G4,G1")
    dry = json.loads(on_empty(*month, "--dry-run", "--format", "json").out)
    assert (dry["new"], len(dry["findings"])) == (0, 1)
    assert dry["findings"][0]["sentences"][0].startswith("4 件受理件中有 4 件的决定早于受理")
    first, again = (json.loads(on_empty(*month, "--format", "json").out) for _ in range(2))
    assert (first["new"], again["new"], again["changed"]) == (1, 0, 0)
    [row] = csv.DictReader(StringIO(on_empty(*month, "--format", "csv").out))
    assert (row["detector"], row["org"], row["sign"], row["k"], row["n"]) == ("G4", "Land", "decided_before", "4", "4")
    assert "G4   先办后收  Land" in on_empty(*month).out


def test_periods_and_detectors_that_cannot_be_are_refused(on_empty: Run) -> None:
    assert "date_unreadable" in on_empty("detect", "--from", "October", "--to", "2018-10-31").err
    assert "detector_period_backwards" in on_empty("detect", "--from", "2018-11-01", "--to", "2018-10-31").err
    refused = on_empty("detect", "--from", "2018-10-01", "--to", "2018-10-31", "--only", "G99")
    assert (refused.code, "detector_unknown" in refused.err) == (1, True)


def test_volumes_are_taken_in_and_a_wrong_line_is_named(on_empty: Run, tmp_path: Path) -> None:
    file = tmp_path / "volumes.csv"
    file.write_text("org,from,to,kind,amount\nfagai,2018-10-01,2018-10-31,own_figure,60\n", encoding="utf-8")
    assert on_empty("volumes", "volumes.csv").out.strip() == "1"
    found = json.loads(on_empty("detect", "--from", "2018-10-01", "--to", "2018-10-31", "--format", "json").out)
    [finding] = found["findings"]  # a unit that handles everything outside the system has no case at all
    assert (finding["subject"], finding["figures"][0]["k"], finding["figures"][0]["n"]) == ("fagai", 60, 60)
    file.write_text("org,from,to,kind,amount\nfagai,2018-10-01,2018-10-31,guess,60\n", encoding="utf-8")
    refused = on_empty("volumes", "volumes.csv")
    assert (refused.code, "volume_line_invalid" in refused.err, "line=2" in refused.err) == (1, True, True)
