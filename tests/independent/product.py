"""The product as its users meet it: the command line, on a database of its own.

Loading runs in a process of its own, as a user runs it; the many reports that follow call the same `main` in this one,
because starting Python two hundred times is most of what they would cost.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import app
from tests.independent.plain import Question

REPOSITORY = Path(__file__).resolve().parents[2]
TIMEOUT_S = 600
SETTINGS = {"PYTHONIOENCODING": "utf-8", "YANGGUANG_JOURNAL__KEY": "k" * 32}


@dataclass(frozen=True)
class Product:
    """One installation in one folder, on a SQLite file there unless another database is named; `city`: its own catalogue."""

    folder: Path
    database: str = ""
    city: Path | None = None

    @property
    def settings(self) -> dict[str, str]:
        return SETTINGS | ({"YANGGUANG_PATHS__CITY_DIR": str(self.city)} if self.city is not None else {})

    @property
    def url(self) -> str:
        return self.database or f"sqlite:///{self.folder / 'product.db'}"

    def load(self, log: Path, mapping: str) -> None:
        """Import a log by the name of its mapping; a refused record fails the test with the report's words."""
        arguments = ["import", str(log), "--mapping", mapping]
        done = subprocess.run([sys.executable, str(REPOSITORY / "app.py"), *arguments, *self._database()], cwd=self.folder,
                              env=os.environ | self.settings, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"

    def load_more(self, rows: Path, mapping: str) -> None:
        """The same for a small file, without starting Python for it."""
        self._run("import", str(rows), "--mapping", mapping)

    def heat_map(self, question: Question, first: str, last: str) -> list[list[str]]:
        printed = self._run("heatmap", "--from", first, "--to", last, "--step", "month", *_asked(question),
                            "--format", "csv")
        return list(csv.reader(io.StringIO(printed)))

    def statistics(self, question: Question, as_of: str) -> dict[str, Any]:
        printed = self._run("stats", "--as-of", as_of, *_asked(question), "--format", "json")
        found: dict[str, Any] = json.loads(printed)
        return found

    def indicators(self, first: str, last: str, by: str, basis: str, names: list[str]) -> dict[tuple[str, str], Any]:
        """(numerator, denominator, value) by group and indicator."""
        printed = self._run("indicators", "--from", first, "--to", last, "--by", by, "--basis", basis,
                            "--only", ",".join(names), "--format", "json")
        return {(one["key"], one["indicator"]): (one["numerator"], one["denominator"], one["value"])
                for one in json.loads(printed)["figures"]}

    def report_volumes(self, area_of: Callable[[str], str], reports: list[tuple[str, str, int]]) -> None:
        """What departments say of their own months (2011-03)."""
        by_area: dict[str, list[tuple[str, str, int]]] = {}
        for report in reports:
            by_area.setdefault(area_of(report[0]), []).append(report)
        for area, of_area in by_area.items():
            path = self.folder / f"volumes_{area}.csv"
            with path.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(["org", "from", "to", "kind", "amount"])
                for org, month, amount in of_area:
                    days = monthrange(*map(int, month.split("-")))[1]
                    writer.writerow([org, f"{month}-01", f"{month}-{days}", "own_figure", amount])
            self._run("volumes", str(path), "--area", area)

    def recount(self) -> int:
        """How many differences between what is kept and the journal."""
        return int(self._run("recount").split(" cases recounted, ")[1].split()[0])

    def _run(self, *arguments: str) -> str:
        said = io.StringIO()
        with mock.patch.dict(os.environ, self.settings), contextlib.redirect_stdout(said):
            code = app.main([*arguments, *self._database()])
        assert code == 0, f"{' '.join(arguments)}\n{said.getvalue()}"
        return said.getvalue()

    def _database(self) -> list[str]:
        return ["--database", self.url]


def _asked(question: Question) -> list[str]:
    net = ["--net"] if question.net else []
    return ["--limit", question.limit, "--calendar", question.calendar, *net]


def cell_differences(found: list[list[str]], expected: list[list[str]]) -> list[str]:
    """Each cell in which two heat maps differ, said in words."""
    if [row[0] for row in found] != [row[0] for row in expected] or found[0] != expected[0]:
        return [f"rows or columns: {[row[0] for row in found]} {found[0]}, not {[row[0] for row in expected]} {expected[0]}"]
    return [f"{row[0]} on {found[0][column]}: {row[column]}, not {right[column]}"
            for row, right in zip(found, expected) for column in range(len(right)) if row[column] != right[column]]


def figure_differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Each figure in which two statistics differ. What the product tells beyond the expected is its own affair."""
    differences = [f"{name}: {found.get(name)}, not {expected[name]}"
                   for name in ("as_of", "limit", "calendar", "net") if found.get(name) != expected[name]]
    if list(found["departments"]) != list(expected["departments"]):
        differences.append(f"departments: {list(found['departments'])}, not {list(expected['departments'])}")
    pairs = [("all", found["all"], expected["all"])]
    pairs += [(name, found["departments"].get(name, {}), figures) for name, figures in expected["departments"].items()]
    return differences + [f"{name} {figure}: {mine.get(figure, 'absent')}, not {value}"
                          for name, mine, right in pairs for figure, value in right.items()
                          if figure not in mine or mine[figure] != value]
