"""The form of schemes: composed by fields and buttons alone, from a blank one to those shipped and back; errors at fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from config.indicators import load_indicators
from config.schemes import BLANK, load_schemes
from config.texts import LANGUAGES, load_texts
from config.versions import Kind
from core.access import Role
from core.errors import ConfigError, InvalidInput
from dashboard.panels import scheme_form
from dashboard.panels.edit_history import differences
from dashboard.panels.scheme_content import (
    has_row,
    place_of_error,
    pressed,
    renamings,
    with_department,
    with_kind,
    with_values,
    without,
)
from dashboard.panels.scheme_fields import FORM, Desk
from dashboard.panels.scheme_words import place_words, rule_words, sentences, veto_words
from dashboard.words import Words
from tests.dash_form import DashForm, components_of
from tests.scoring import FEBRUARY, INSPECTOR, scored_site
from tests.staff import OWN_ORG, Site, run_callback

INDICATORS = load_indicators()
SCHEMES = load_schemes(INDICATORS.indicators)
HUNDRED = SCHEMES.find("monthly-100").model_dump(mode="json")
ZH, EN = (Words(language, load_texts()[language].tree) for language in ("zh", "en"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = scored_site(tmp_path_factory.mktemp("schemes"))
    yield made
    made.services.database.dispose()


class Form(DashForm):
    """The page as an inspector has it open."""

    def __init__(self, site: Site, scheme: str) -> None:
        super().__init__(site.client(Role.INSPECTOR), "/schemes/", edit__address__search=f"?scheme={scheme}",
                         scheme__month__value="2026-02", edit__since__value="2026-02-01", edit__reason__value="编制")
        self.show()

    def show(self) -> None:
        made = self.call("edit-extra", "data", answers="edit-form.children")
        self.draw(made["edit-form"]["children"])

    def act(self, act: str, group: str = "", at: str = "") -> None:
        assert self.press({"do": act, "of": group, "at": at}, answers="edit-extra.data"), "nothing came of it"
        self.show()

    def set(self, path: str, value: Any) -> None:
        self.put({"field": path, "of": FORM}, value)

    def choose_kind(self, code: str, kind: str) -> None:
        self.put({"kind": code}, kind)
        self.call({"kind": code}, "value", answers="edit-extra.data")
        self.show()

    def follow(self) -> str:
        """What stands beside the form; errors and sentences are kept."""
        made = self.call({"field": "name.zh", "of": FORM}, "value", answers="scheme-trial.children")
        refused: str = made["scheme-refused"]["children"]
        return refused or json.dumps(made["scheme-trial"]["children"], ensure_ascii=False)

    def error(self, path: str) -> str:
        return str(self.shown({"error": path, "of": FORM}, "children") or "")

    def says(self, path: str) -> str:
        return str(self.shown({"says": path, "of": FORM}, "children") or "")

    def save(self) -> str:
        said: str = self.press("edit-save", answers="edit-said.children")["edit-said"]["children"]
        return said


# The same content, whatever it began with ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", list(SCHEMES.shipped))
def test_every_shipped_scheme_comes_back_as_it_was_whichever_row_is_open(code: str) -> None:
    content = SCHEMES.find(code).model_dump(mode="json")
    of_kind = {rule["kind"]: f"rules.{one}" for one, rule in content["rules"].items()}
    rows = [f"parts.{next(iter(content['parts']))}", *of_kind.values()]
    for opened in ["", *rows, *(f"vetoes.{at}" for at in range(len(content["vetoes"])))]:
        desk = Desk(content, INDICATORS, sentences(content, INDICATORS, ZH), ZH, True, frozenset(), opened)
        drawn = json.loads(json.dumps(scheme_form.form(code, desk), default=lambda one: one.to_plotly_json()))
        values = {one["field"]: props.get("value") for one, props in components_of(drawn)
                  if isinstance(one, Mapping) and "field" in one and one["field"] != "code"}
        assert not opened or len(values) > len(content["rules"]) + 10
        assert SCHEMES.checked(with_values(content, values), code) == SCHEMES.find(code), opened


@pytest.mark.parametrize("code", list(SCHEMES.shipped))
def test_a_shipped_scheme_that_is_opened_and_saved_unchanged_stays_the_same(site: Site, code: str) -> None:
    form = Form(site, code)
    form.act("open", "rules", next(iter(SCHEMES.find(code).rules)))
    form.follow()
    assert form.says("unsaved") == ""
    assert form.save() == "第 1 版已生效"
    version, content = site.services.editing.present(Kind.SCORING, code)
    assert (version, content) == (1, SCHEMES.find(code).model_dump(mode="json"))


def compose(form: Form, target: Mapping[str, Any]) -> None:
    """What somebody presses and fills in who has the target before him on paper."""
    for path in ("name.zh", "name.en"):
        form.set(path, target["name"][path[-2:]])
    for name in ("order", "source", "appeal_days", "bonus_most"):
        form.set(name, target[name])
    for code, part in target["parts"].items():
        form.act("add", "parts")
        name_row(form, "parts.part_1", part, code=code, points=part["points"], floor=part["floor"])
    form.act("drop", "parts", "work")
    for code, rule in target["rules"].items():
        form.act("add", "rules", rule["part"])
        if rule["kind"] != "cards":  # as it comes
            form.choose_kind("rule_1", rule["kind"])
        name_row(form, "rules.rule_1", rule, code=code, **{
            name: ["yes"] * value if isinstance(value, bool) else value for name, value in rule.items()
            if name not in ("label", "kind", "part")})
    for _ in target["grades"][2:]:
        form.act("add", "grades")
    for at, grade in enumerate(target["grades"]):
        name_row(form, f"grades.{at}", grade, code=grade["code"], at_least=grade["at_least"])
    for at, veto in enumerate(target["vetoes"]):
        form.act("add", "vetoes")
        name_row(form, f"vetoes.{at}", veto, **{name: value for name, value in veto.items() if name != "label"})
    form.act("close", "vetoes", str(len(target["vetoes"]) - 1))
    form.set("told", target["told"])


def name_row(form: Form, path: str, row: Mapping[str, Any], **values: Any) -> None:
    for language in ("zh", "en"):
        form.set(f"{path}.label.{language}", row["label"][language])
    for name, value in values.items():
        form.set(f"{path}.{name}", value)


def test_the_scheme_of_100_points_is_composed_from_a_blank_one(site: Site) -> None:
    form = Form(site, "new")
    compose(form, HUNDRED)
    form.set("code", "hundred-anew")
    assert "个部门有得分" in form.follow()
    assert form.save() == "第 1 版已生效"

    made = site.services.editing.present(Kind.SCORING, "hundred-anew")[1]
    assert made == HUNDRED
    assert [list(made[group]) for group in ("parts", "rules")] == [list(HUNDRED[group]) for group in ("parts", "rules")]


# Beside the form -----------------------------------------------------------------------------------------------------------


def test_floors_and_vetoes_move_places_while_they_are_typed(site: Site) -> None:
    """Without: 95.5 before 86. A floor of 14 keeps the whole part for limits: 105.5 and 100. A veto for a red
    card on a limit: 55."""
    form = Form(site, "monthly-100")
    form.set("parts.limits.floor", "14")
    told = form.follow()
    assert "0 个位次变动，1 个等次变动" in told
    assert [f'"{total}"' in told for total in ("105.50", "100.00")] == [True, True]
    assert "未提交：1 处改动" in form.says("unsaved")
    form.act("discard")
    form.act("add", "vetoes")
    name_row(form, "vetoes.1", {"label": {"zh": "时限红牌", "en": "Red"}}, rules=["limits_red"], grade="failed", most="55")
    told = form.follow()
    assert "2 个部门中，2 个位次变动，1 个等次变动" in told
    assert '"55.00"' in told
    assert form.says("vetoes.1") == "有“时限红牌”任一行：等次不高于不合格，总分不高于 55 分（当月及所在半年、全年）"


def test_what_is_wrong_stands_at_its_field_and_says_where_it_is(site: Site) -> None:
    form = Form(site, "monthly-100")
    form.set("rules.early.at", "many")
    assert form.follow() == "评分项“提前办结”的起点：请填写数字"
    assert (form.error("rules.early.at"), form.says("unsaved")) == ("请填写数字", "未提交：内容有误")
    form.act("open", "rules", "data")
    form.set("rules.data.acts", [])
    form.set("rules.early.at", "0.1")
    form.follow()
    assert form.error("rules.data.acts") == "至少 1 项"
    form.act("close", "rules", "data")
    form.follow()
    assert form.error("rules.data") == "至少 1 项", "at the row while it is closed"
    assert form.save().startswith("评分方案 monthly-100 的 rules.data")
    form.act("discard")
    form.set("parts.limits.floor", "15")
    assert form.follow() == "部分“期限合法”的保底分：保底分不能高于该部分的分值"
    assert form.error("parts.limits.floor") == "保底分不能高于该部分的分值"
    form.act("add", "rules", "limits")
    form.set("rules.rule_1.code", "early")
    assert "代码 early 已被使用" in form.follow()
    assert form.error("rules.rule_1.code") == "代码 early 已被使用"


def test_departments_with_a_coefficient_are_taken_from_the_list(site: Site) -> None:
    """95.5 x 0.9 is 85.95, less than 86."""
    form = Form(site, "monthly-100")
    form.put({"take": "coefficients"}, OWN_ORG)
    form.call({"take": "coefficients"}, "value", answers="edit-extra.data")
    form.show()
    form.set(f"coefficients.{OWN_ORG}", "0.9")
    told = form.follow()
    assert "2 个位次变动" in told
    assert '"85.95"' in told
    form.set(f"coefficients.{OWN_ORG}", "3")
    assert form.follow() == "折合系数：不能大于 2"
    assert form.error(f"coefficients.{OWN_ORG}") == "不能大于 2"
    form.act("drop", "coefficients", OWN_ORG)
    form.follow()
    assert form.says("unsaved") == ""


def test_inspectors_and_administrators_edit_schemes_and_leaders_read_them(site: Site) -> None:
    for role, may in ((Role.INSPECTOR, True), (Role.ADMINISTRATOR, True), (Role.LEADER, False)):
        answer = run_callback(site.client(role), "/schemes/", "..edit-list.children...edit-form.children..", {
            "edit-address.search": "?scheme=window-80", "edit-changed.data": None, "edit-extra.data": None})
        told = json.dumps(answer.json, ensure_ascii=False)
        assert ("＋ 评分项" in told) is may
        assert "窗口服务考核" in told
    assert site.client(Role.DEPARTMENT_USER).get("/schemes/").status_code == 403


# Pure ----------------------------------------------------------------------------------------------------------------------


def test_values_reach_their_places() -> None:
    weighed = with_department(HUNDRED, "minzheng")
    made = with_values(weighed, {"rules.early.at": "0.2", "rules.early.most": "", "grades.0.at_least": "95", "name.zh": "新名",
                                 "bonus_most": "8", "coefficients.minzheng": "0.9", "rules.nothing.points": "1",
                                 "surprise": "1", "parts.limits.floor": "", "rules.demerit.yearly": []})
    scheme = SCHEMES.checked(made, "test")
    early = scheme.rules["early"].model_dump(mode="json")
    assert (early["at"], early["most"], str(scheme.bonus_most), scheme.parts["limits"].floor) == ("0.2", None, "8", 0)
    assert (str(scheme.grades[0].at_least), scheme.name.zh, str(scheme.coefficients["minzheng"])) == ("95", "新名", "0.9")
    assert scheme.rules["demerit"].model_dump()["yearly"] is False


def test_a_new_code_goes_wherever_the_old_one_was_named() -> None:
    values = {"parts.integrity.code": "clean", "rules.removal.code": "removed", "grades.3.code": "unfit"}
    scheme = SCHEMES.checked(with_values(HUNDRED, values), "test")
    assert (scheme.rules["removed"].part, scheme.vetoes[0].rules, scheme.vetoes[0].grade, scheme.told) == (
        "clean", ("removed", "dismissal"), "unfit", ("unfit",))
    assert place_of_error("rules.removed.manual.points", renamings(values)) == "rules.removal.points"
    assert place_of_error("rules.Bad.[key]") == "rules.Bad.code"
    assert place_of_error("vetoes.0.rules.1") == "vetoes.0.rules"
    assert place_of_error("coefficients.fagai") == "coefficients.fagai"
    for path, code in (("rules.removal.code", "early"), ("parts.fees.code", "bonus"), ("rules.early.code", " "),
                       ("rules.early.code", "early.one"), ("parts.fees.code", "Fees")):
        with pytest.raises(InvalidInput) as refused:
            with_values(HUNDRED, {path: code})
        assert refused.value.details["key"] == path


def test_another_scheme_is_another_page_so_that_the_browser_asks_before_what_was_typed_is_lost(site: Site) -> None:
    made = Form(site, "window-80").call("edit-extra", "data", answers="edit-form.children")
    told = json.dumps(made["edit-list"]["children"])
    assert all(f'"?scheme={code}", "refresh": true' in told for code in ("monthly-100", "new"))
    assert '"refresh": false' not in told


def test_a_working_copy_undoes_no_version_that_came_since_and_outlives_decisions_on_others(site: Site) -> None:
    code, editing = "own-copy", site.services.editing
    given = SCHEMES.find("efficiency-100").model_dump(mode="json")
    editing.propose(Kind.SCORING, code, given, effective_from=FEBRUARY, reason="新设", actor=INSPECTOR, is_new=True)
    form = Form(site, code)
    form.act("open", "rules", "online")
    form.set("rules.online.at", "0.6")
    form.put("edit-changed", "confirm scoring|window-80|9", "data")
    kept = form.call("edit-changed", "data", answers="edit-extra.data")["edit-extra"]["data"]
    assert kept["content"]["rules"]["online"]["at"] == "0.6", "what was typed is in the copy"
    form.show()
    editing.propose(Kind.SCORING, code, given | {"order": 9}, effective_from=FEBRUARY, reason="调整", actor=INSPECTOR)
    assert "已生效" not in form.save()
    assert editing.present(Kind.SCORING, code)[1]["order"] == 9
    form.put("edit-changed", f"confirm scoring|{code}|9", "data")
    assert form.call("edit-changed", "data", answers="edit-extra.data")["edit-extra"]["data"] is None


def test_grades_keep_what_names_them_while_their_codes_are_typed() -> None:
    codes = [grade["code"] for grade in HUNDRED["grades"]]
    swapped = with_values(HUNDRED, {"grades.2.code": codes[3], "grades.3.code": codes[2]})
    assert (swapped["told"], swapped["vetoes"][0]["grade"]) == ([codes[2]], codes[2])
    for path, code in (("grades.3.code", codes[0]), ("grades.0.code", ""), ("grades.1.code", "Good")):
        with pytest.raises(InvalidInput) as refused:  # before a working copy is made of it: what was meant would be lost
            with_values(HUNDRED, {path: code})
        assert refused.value.details["key"] == path


def test_a_number_nobody_could_mean_is_said_as_typed_and_refused_at_its_field() -> None:
    for typed in ("1e999999", "1e9999999", "-1e99999", "nan", "sNaN", "Infinity"):
        for path in ("parts.limits.points", "rules.limits_red.points", "rules.satisfaction.zero", "rules.early.at"):
            made = with_values(HUNDRED, {path: typed})
            told = sentences(made, INDICATORS, ZH).get(path.rpartition(".")[0], typed)
            assert typed in told
            assert len(told) < 200, path
            with pytest.raises(ConfigError, match="scheme_invalid"):
                SCHEMES.checked(made, "test")


def test_rows_are_taken_out_with_what_hangs_on_them_and_move_up() -> None:
    assert without(without(HUNDRED, "rules", "removal"), "rules", "dismissal")["vetoes"] == []
    bare = without(HUNDRED, "parts", "integrity")
    assert ("removal" in bare["rules"], bare["vetoes"]) == (False, [])
    ungraded = without(HUNDRED, "grades", "3")
    assert (ungraded["told"], ungraded["vetoes"], len(ungraded["grades"])) == ([], [], 3)
    assert without(HUNDRED, "vetoes", "0")["vetoes"] == []
    made, opened = pressed(HUNDRED, "up", "parts", "procedure")
    assert (list(made["parts"])[:2], opened) == (["procedure", "openness"], "parts.procedure")
    moved, _ = pressed(HUNDRED, "up", "rules", "limits_yellow")
    assert list(moved["rules"])[:2] == ["limits_yellow", "limits_red"]
    assert list(pressed(HUNDRED, "up", "rules", "limits_red")[0]["rules"]) == list(HUNDRED["rules"]), "first of its part"
    assert SCHEMES.checked(pressed(BLANK, "open", "rules", "x")[0], "test").parts


def test_a_button_of_a_row_that_went_does_nothing(site: Site) -> None:
    assert [has_row(HUNDRED, *of) for of in (("rules", "early"), ("grades", "3"), ("rules", "gone"), ("grades", "4"),
                                            ("vetoes", "x"), ("nothing", "0"))] == [True, True, False, False, False, False]
    form = Form(site, "window-80")
    stale = {"do": "up", "of": "rules", "at": "late"}
    form.act("drop", "rules", "late")
    form.draw([{"props": {"id": stale}}])
    assert form.press(stale, answers="edit-extra.data") == {}


def test_another_kind_keeps_what_both_are_made_of() -> None:
    shares = with_kind(HUNDRED, "limits_red", "share")["rules"]["limits_red"]
    assert (shares["kind"], shares["label"]["zh"], shares["points"], shares["indicator"]) == (
        "share", "时限红牌", "10", "early_rate")
    assert "level" not in shares


def test_the_history_names_vetoes_by_their_labels_and_tells_two_of_one_label_apart() -> None:
    veto = HUNDRED["vetoes"][0]
    more = {**HUNDRED, "vetoes": [{**veto, "most": "59"}, {**veto, "label": {"zh": "另一条", "en": "Another"}}]}
    assert [path for path, _, _ in differences(HUNDRED, more)] == ["vetoes", "vetoes.有人被撤职或开除.most", "vetoes.另一条"]
    twins, changed = ({**HUNDRED, "vetoes": [{**veto, "most": most}, veto]} for most in (None, "59"))
    assert [path for path, _, _ in differences(twins, changed)] == ["vetoes"]


def test_each_kind_of_rule_says_what_it_will_do() -> None:
    rules = HUNDRED["rules"]
    told = {code: rule_words(rules[code], INDICATORS, ZH) for code in rules}
    assert told["limits_warnings"] == "每连续 3 张时限预警扣 3 分"
    assert told["fees_red"] == "每张行为红牌（无依据收费、超标准收费、收费未开票据等 5 种）扣 10 分"
    assert told["data"] == "有问题（数据不全）的办结件占比达到 1 % 起扣 1 分，每再增 1 % 再扣 1 分，合计最多 5 分"
    assert told["early"] == "提前办结率达到 10 % 起加 1 分，每再增 10 % 再加 1 分"
    assert told["shortening"].endswith("达到 30 % 起加 3 分，每再增 10 % 再加 1 分")
    assert told["satisfaction"] == "满意度为 100 % 不扣，为 0 % 扣 10 分，其间按比例"
    assert told["openness_check"] == "监察员登记，每次扣至多 10 分"
    assert told["demerit"] == "监察员登记，每次扣 15 分，只计入全年"
    assert rule_words(rules["early"], INDICATORS, EN).startswith("Early-completion rate: from 10 % on adds 1")
    half_typed = {**rules["early"], "at": "0.", "points": "", "minimum": "30"}
    assert rule_words(half_typed, INDICATORS, ZH) == "提前办结率达到 0 % 起加 — 分，每再增 10 % 再加 — 分，不足 30 件不计"
    part = {"label": {}, "part": "limits", "at_most": "2.5", "most": "59", "grade": None, "period": "month"}
    assert veto_words(part, HUNDRED, ZH) == "“期限合法”不高于 2.5 分：总分不高于 59 分（只限当月）"
    assert place_words("bonus_most", HUNDRED, ZH) == "加分上限"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_kind_and_button_has_its_words(language: str) -> None:
    content = HUNDRED
    t = Words(language, load_texts()[language].tree)
    rows = [f"rules.{code}" for code in ("limits_red", "early", "data", "shortening", "satisfaction", "demerit")]
    for opened in [*rows, "parts.fees", "vetoes.0"]:
        desk = Desk(content, INDICATORS, sentences(content, INDICATORS, t), t, True, frozenset(), opened)
        drawn = json.dumps(scheme_form.form("x", desk), default=lambda one: one.to_plotly_json(), ensure_ascii=False)
        assert not [group for group in ("scheme_field.", "scheme_act.", "scheme_kind.", "scheme_says.", "violation.", "origin.",
                                        "scheme_section.", "schemes_page.") if f'"{group}' in drawn]
