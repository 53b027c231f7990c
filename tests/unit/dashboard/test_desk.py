"""The frame of the duty desk; what happens in it is tested in tests/js."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core.access import Role
from tests.staff import Site, make_site

MODULES = Path(__file__).resolve().parents[3] / "assets" / "js" / "modules"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("desk"))


def layout(site: Site, role: Role) -> str:
    return json.dumps(site.client(role).get("/desk/_dash-layout").json, ensure_ascii=False)


@pytest.mark.parametrize(("role", "may"), [(Role.DUTY_OFFICER, "true"), (Role.INSPECTOR, "true"), (Role.LEADER, "false")])
def test_the_desk_offers_signing_to_those_who_may(site: Site, role: Role, may: str) -> None:
    assert f'"data-may-acknowledge": "{may}"' in layout(site, role)


def test_every_part_a_script_looks_for_is_in_the_frame(site: Site) -> None:
    wanted = set(re.findall(r'part\("(\w+)"\)', (MODULES / "desk_console.mjs").read_text("utf-8")))
    frame = layout(site, Role.DUTY_OFFICER)

    assert len(wanted) > 5
    assert [name for name in wanted if f'"data-part": "{name}"' not in frame] == []


def test_every_sentence_a_desk_script_uses_exists_in_both_languages(site: Site) -> None:
    used = {key for path in MODULES.glob("desk_*.mjs") for key in re.findall(r'\bt\("([\w.]+)"', path.read_text("utf-8"))}

    assert len(used) > 30
    for language in ("zh", "en"):
        texts = site.services.texts(language)
        assert sorted(key for key in used if not texts.has(key)) == []


def test_the_bar_shows_only_pages_the_person_may_open(site: Site) -> None:
    officer = layout(site, Role.DUTY_OFFICER)
    unit = json.dumps(site.client(Role.DEPARTMENT_USER).get("/case/_dash-layout").json, ensure_ascii=False)

    assert '"/feeds/"' in officer
    assert '"/desk/"' not in unit
    assert "赵晓燕" in unit
