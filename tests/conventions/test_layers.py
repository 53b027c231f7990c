"""Who may import and do what, where import-linter cannot see it: root modules, commits, the order of layers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "web", "config", "papers", "cases", "feeds", "video", "alerts", "supervision", "evaluation", "approval",
            "applicants", "dashboard", "portal", "exchange")
MAY_COMMIT = {"core/writer.py"}

# What a file called so holds, in whichever package it stands. A file with a name of its own is welcome; a second name
# for one of these things is not.
SECOND_NAMES = {
    "models": ("tables", "orm", "schema", "entities"),
    "events": ("messages", "signals"),
    "service": ("services", "manager", "usecases", "commands"),
    "queries": ("query", "reads", "selectors", "repository"),
    "http": ("views", "routes", "api", "rest", "blueprint"),
    "nothing in particular": ("utils", "util", "helpers", "misc", "common", "constants", "exceptions", "jobs"),
}


def sources(*roots: str) -> Iterator[Path]:
    for root in roots:
        yield from sorted((REPOSITORY / root).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Dotted names of everything a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nobody_imports_app_or_bootstrap():
    """They stand at the top: they know everybody, and nobody knows them."""
    guilty = {
        relative(path) for path in sources(*PACKAGES, "migrations")
        for name in imported(path) if name.split(".")[0] in ("app", "bootstrap")
    }

    assert set() == guilty


def test_bootstrap_does_not_import_app():
    path = REPOSITORY / "bootstrap.py"
    assert not path.exists() or "app" not in {name.split(".")[0] for name in imported(path)}


def test_no_product_code_imports_tests():
    roots = [path for path in (REPOSITORY / "app.py", REPOSITORY / "bootstrap.py") if path.exists()]

    assert set() == {
        relative(path) for path in [*sources(*PACKAGES, "migrations", "scripts"), *roots]
        if any(name.split(".")[0] == "tests" for name in imported(path))
    }


def test_only_the_unit_of_work_commits():
    """One transaction writes a fact and all its consequences; a commit anywhere else would split it."""
    roots = [path for path in (REPOSITORY / "app.py", REPOSITORY / "bootstrap.py") if path.exists()]
    guilty = {
        f"{relative(path)}:{node.lineno}" for path in [*sources(*PACKAGES), *roots] if relative(path) not in MAY_COMMIT
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }

    assert set() == guilty


@pytest.mark.parametrize("package", PACKAGES)
def test_a_file_name_means_the_same_everywhere(package):
    """models = tables, events, service = writes, queries = reads, http = Flask blueprint: no second name for them."""
    names = {path.stem for path in (REPOSITORY / package).glob("*.py")}
    second = {f"{wrong} (say {right})" for right, wrongs in SECOND_NAMES.items() for wrong in wrongs if wrong in names}

    assert set() == second


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is(package):
    tree = ast.parse((REPOSITORY / package / "__init__.py").read_text(encoding="utf-8"))

    assert ast.get_docstring(tree)


def test_tables_are_declared_in_models_only():
    guilty = {
        relative(path) for path in sources(*PACKAGES) if path.name != "models.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
    }

    assert set() == guilty


def test_flask_blueprints_stand_in_http_modules():
    guilty = {
        relative(path) for path in sources(*PACKAGES)
        if path.name != "http.py" and "flask.Blueprint" in set(imported(path))
    }

    assert set() == guilty
