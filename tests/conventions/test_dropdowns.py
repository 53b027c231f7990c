"""What Dash writes in a dropdown by itself is in the language of the page, or a Chinese page says "Select all"."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import REPOSITORY

FILES = sorted(path for folder in ("dashboard", "portal") for path in (REPOSITORY / folder).rglob("*.py")
               if "dcc.Dropdown(" in path.read_text(encoding="utf-8"))


def test_there_are_dropdowns() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_dropdown_has_its_words(path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and ast.unparse(node.func) == "dcc.Dropdown"]
    wordless = [call.lineno for call in calls if "labels" not in {keyword.arg for keyword in call.keywords}]
    assert not wordless, f"{path.name}: give labels=dropdown_words(t) in lines {wordless}"
