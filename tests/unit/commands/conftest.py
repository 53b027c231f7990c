"""The command line, called in this process, on a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import bootstrap
from app import main

LOG = """\
case_no,org,kind,at,id,own_due
1,Land,accepted,2018-10-15 10:00,1a,2018-10-24
1,Land,concluded,2018-10-22 10:00,1b,
2,Land,accepted,2018-10-15 10:00,2a,2018-10-24
2,Land,concluded,2018-10-24 17:00,2b,
3,Land,accepted,2018-10-15 10:00,3a,2018-10-24
3,Land,special_started,2018-10-17 10:00,3b,
3,Land,special_ended,2018-10-19 10:00,3c,
3,Land,concluded,2018-10-26 10:00,3d,
4,Water,accepted,2018-10-15 10:00,4a,2018-10-24
5,=Formula,accepted,2018-10-16 10:00,5a,2018-10-20
"""


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(scope="module", autouse=True)
def quick_start() -> Iterator[None]:
    """A command reads its whole configuration; the tests of its words need not."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_calendars", "load_catalogue", "load_presets", "load_texts"):
            patch.setattr(bootstrap, name, cache(getattr(bootstrap, name)))
        yield


@pytest.fixture(scope="module")
def empty(quick_start: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the newest schema."""
    path = tmp_path_factory.mktemp("empty") / "record.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        assert main(["migrate", "--database", "sqlite:///record.db"]) == 0
    return path


@pytest.fixture(scope="module")
def loaded(quick_start: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the log above was imported; nobody may write into it."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "log.csv").write_text(LOG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["import", "log.csv", "--mapping", "yangguang_csv", "--database", "sqlite:///record.db"]) == 0
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("stats", "--limit", "own", …)` in the current folder, on record.db unless another database is named."""

    def run_it(*arguments: str) -> Done:
        database = () if "--database" in arguments else ("--database", "sqlite:///record.db")
        capsys.readouterr()
        code = main([*arguments, *database])
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return run_it


@pytest.fixture
def on_loaded(loaded: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(loaded)
    return run


@pytest.fixture
def on_empty(tmp_path: Path, empty: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    shutil.copy(empty, tmp_path / "record.db")
    monkeypatch.chdir(tmp_path)
    return run
