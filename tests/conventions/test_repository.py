"""Promises about the tree itself: nothing from the outside at run time, nothing of one machine, nothing unreadable."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = {".py", ".mjs", ".js", ".css"}
TEXT = CODE | {".md", ".yaml", ".yml", ".toml", ".ini", ".html", ".svg", ".txt", ".cfg", ".json", ".mako", ""}
LONGEST_FILE = 450
THIRD_PARTY = ("assets/ext/",)

# Where a page would fetch something from: tags, CSS, fetch and import. Names of XML vocabularies are no addresses.
ADDRESS = re.compile(r"(?:https?:)?//(?:[a-z0-9-]+\.)+[a-z]{2,}[^\s\"'`)<>]*", re.IGNORECASE)
VOCABULARIES = ("http://www.w3.org/",)
A_MACHINES_PATH = re.compile(r"(?<![\w./$}-])/(?:home|root|Users|work|opt|mnt|srv)/\w|(?<![\w.])[A-Z]:\\\\?\w")


def tracked() -> list[Path]:
    """Every file of the repository that git does not ignore, committed or not yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, capture_output=True, check=True, text=True,
    ).stdout
    return sorted(path for name in listed.split("\0") if name and (path := REPOSITORY / name).is_file())


FILES = tracked()


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def is_ours(path: Path) -> bool:
    return not relative(path).startswith(THIRD_PARTY)


def lines_matching(pattern: re.Pattern[str], paths: list[Path], allowed: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{relative(path)}:{number}: {hit}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for hit in pattern.findall(line) if not (allowed and hit.startswith(allowed))
    ]


def test_pages_fetch_nothing_from_the_outside():
    """A wall may stand in a room without internet; a font or script from elsewhere would leave it blank."""
    kinds = CODE | {".html", ".svg"}
    rooms = ("assets/", "dashboard/", "portal/")
    pages = [path for path in FILES if relative(path).startswith(rooms) and path.suffix in kinds and is_ours(path)]

    assert [] == lines_matching(ADDRESS, pages, VOCABULARIES)


def test_no_path_of_one_machine_is_written_down():
    texts = [path for path in FILES if path.suffix in TEXT and is_ours(path) and path != Path(__file__)]

    assert [] == lines_matching(A_MACHINES_PATH, texts)


def test_no_file_is_too_long_to_be_read_at_one_sitting():
    long = {
        relative(path): length for path in FILES if path.suffix in CODE and is_ours(path)
        and (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }

    assert {} == long


def test_nothing_is_left_for_later():
    """What is not done is an issue, not a remark in the code."""
    mark = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")

    assert [] == lines_matching(mark, [path for path in FILES if path.suffix in CODE and is_ours(path)])


def test_third_party_files_come_with_their_licence():
    files = [path for path in FILES if relative(path).startswith("assets/ext/")]
    if not files:
        pytest.skip("no third-party file in assets/ext")
    licences = (REPOSITORY / "assets" / "ext" / "LICENSES.md").read_text(encoding="utf-8")

    assert [] == [path.name for path in files if path.name != "LICENSES.md" and path.name not in licences]


def test_every_requirement_is_pinned_and_locked():
    lock = set((REPOSITORY / "requirements.lock").read_text(encoding="utf-8").lower().splitlines())
    direct = [
        line.split("#")[0].strip() for name in ("requirements.txt", "requirements-dev.txt")
        for line in (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
    ]
    pins = [re.sub(r"\[.*?\]", "", line).lower() for line in direct if line and not line.startswith("-r")]

    assert pins
    assert [] == [pin for pin in pins if pin not in lock]


def test_every_runtime_requirement_gives_its_reason():
    lines = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert [] == [line for line in lines if "==" in line and not line.startswith("#") and "  # " not in line]


def test_only_one_of_the_two_opencv_builds_is_named():
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")

    assert 1 == len(re.findall(r"^opencv-", lock, re.MULTILINE))


def test_make_help_names_every_target():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE)) - {"help"}

    assert targets == set(re.findall(r"^([a-z-]+):.* ## ", makefile, re.MULTILINE))


def test_every_decision_is_listed_and_complete():
    folder = REPOSITORY / "docs" / "adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    parts = ("- Status: ", "- Date: ", "## Context", "## Decision", "## Consequences")
    decisions = sorted(folder.glob("[0-9]*.md"))

    assert decisions
    assert [] == [path.name for path in decisions if f"({path.name})" not in index]
    assert [] == [
        f"{path.name}: {part}" for path in decisions for part in parts if part not in path.read_text(encoding="utf-8")
    ]
