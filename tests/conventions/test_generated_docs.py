"""Parts of docs/ that are made from the code say what the code says."""

from __future__ import annotations

from config.settings import environment_name, known_keys
from scripts.render_docs import DOCS, main, rendered


def test_every_generated_part_is_up_to_date():
    """When this fails: `make docs`, and commit what it wrote."""
    stale = [path.name for path, text in rendered().items() if path.read_text(encoding="utf-8") != text]

    assert [] == stale


def test_every_setting_is_documented_with_its_environment_variable():
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")

    assert [] == [key for key in known_keys() if f"`{key}`" not in page or f"`{environment_name(key)}`" not in page]


def test_checking_says_nothing_when_nothing_changed(capsys):
    assert 0 == main(["--check"])
    assert "" == capsys.readouterr().out
