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


def test_the_desk_knows_who_works_at_it(site: Site) -> None:
    for role, name in ((Role.DUTY_OFFICER, "zhou"), (Role.LEADER, "wang")):
        found = re.search(r'"data-me": "(.*?)(?<!\\)"', layout(site, role))
        assert found is not None
        me = json.loads(found[1].replace('\\"', '"'))
        assert (me["name"], me["roles"]) == (name, [role.value])


def test_a_manual_card_may_name_every_department_and_its_items(site: Site) -> None:
    frame = layout(site, Role.INSPECTOR)

    assert all(org.name in frame for org in site.services.catalogue.organisations.values())


def test_the_desk_goes_by_the_limits_of_the_settings(site: Site) -> None:
    found = re.search(r'"data-rules": "(.*?)(?<!\\)"', layout(site, Role.DUTY_OFFICER))
    assert found is not None
    rules, cards = json.loads(found[1].replace('\\"', '"')), site.services.settings.cards

    assert rules["flood"] == {"cards": cards.flood_cards, "minutes": cards.flood_minutes}
    assert rules["until"] == {"shelve": cards.shelve_max_minutes, "take_out_of_service": cards.out_of_service_max_days * 1440,
                              "stop_by_law": cards.stopped_by_law_max_days * 1440}


def test_every_part_a_script_looks_for_is_in_the_frame(site: Site) -> None:
    wanted = set(re.findall(r'part\("(\w+)"\)', (MODULES / "desk_console.mjs").read_text("utf-8")))
    frame = layout(site, Role.DUTY_OFFICER)

    assert len(wanted) > 5
    assert [name for name in wanted if f'"data-part": "{name}"' not in frame] == []


def test_every_sentence_a_desk_script_uses_exists_in_both_languages(site: Site) -> None:
    scripts = [*MODULES.glob("desk_*.mjs"), MODULES / "card_axes.mjs"]
    used = {key for path in scripts for key in re.findall(r'\bt\("([\w.]+)"', path.read_text("utf-8"))}
    actions = (MODULES / "desk_actions.mjs").read_text("utf-8")
    used |= {f"desk.command.{name}" for name in re.findall(r'name: "(\w+)"', actions)}
    views = (MODULES / "desk_view.mjs").read_text("utf-8").partition("export const VIEWS = {")[2].partition("};")[0]
    used |= {f"desk.view.{name}" for name in re.findall(r"^  (\w+)[:,]", views, re.MULTILINE)}
    axes = (MODULES / "card_axes.mjs").read_text("utf-8")
    used |= {f"desk.note.{name}" for name in re.findall(r'code: "(\w+)"', axes)}

    assert len(used) > 90
    for language in ("zh", "en"):
        texts = site.services.texts(language)
        assert sorted(key for key in used if not texts.has(key)) == []


def test_the_bar_shows_only_pages_the_person_may_open(site: Site) -> None:
    officer = layout(site, Role.DUTY_OFFICER)
    unit = json.dumps(site.client(Role.DEPARTMENT_USER).get("/case/_dash-layout").json, ensure_ascii=False)

    assert '"/feeds/"' in officer
    assert '"/desk/"' not in unit
    assert "赵晓燕" in unit
