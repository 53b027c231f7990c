"""The one check everything goes through."""

from __future__ import annotations

import pytest

from core.access import SYSTEM, Actor, Role, require
from core.errors import NotAuthenticated, NotPermitted

OFFICER = Actor("alice", frozenset({Role.DUTY_OFFICER}))
CLERK = Actor("charlie", frozenset({Role.DEPARTMENT_USER}), org="shuiwu")


def test_nobody_signed_in_is_asked_to_sign_in():
    with pytest.raises(NotAuthenticated) as refused:
        require(None, Role.DUTY_OFFICER)
    assert (refused.value.status, refused.value.code) == (401, "sign_in_required")


def test_a_role_too_few_is_refused_and_the_roles_that_would_do_are_named():
    with pytest.raises(NotPermitted) as refused:
        require(CLERK, Role.DUTY_OFFICER, Role.INSPECTOR)
    assert refused.value.status == 403
    assert refused.value.details == {"needs": ["duty_officer", "inspector"]}


def test_one_of_several_roles_is_enough():
    assert require(OFFICER, Role.INSPECTOR, Role.DUTY_OFFICER) is OFFICER


def test_the_system_itself_has_no_role_that_opens_a_page():
    for role in Role:
        with pytest.raises(NotPermitted):
            require(SYSTEM, role)


def test_a_department_user_sees_his_own_unit_only():
    assert CLERK.may_see("360500", "shuiwu")
    assert not CLERK.may_see("360500", "guotu")
    assert CLERK.only_org == "shuiwu"


def test_any_other_role_beside_it_sees_every_unit():
    both = Actor("dora", frozenset({Role.DEPARTMENT_USER, Role.INSPECTOR}), org="shuiwu")
    assert both.may_see("360500", "guotu")
    assert OFFICER.may_see("360500", "guotu")
    assert OFFICER.only_org is None


def test_a_person_bound_to_an_area_sees_that_area_only_whatever_his_role():
    district = Actor("emil", frozenset({Role.INSPECTOR}), area="360502")
    clerk = Actor("fang", frozenset({Role.DEPARTMENT_USER}), org="shuiwu", area="360502")
    assert [district.may_see(area, "guotu") for area in ("360502", "360500", "")] == [True, False, False]
    assert [clerk.may_see("360502", org) for org in ("shuiwu", "guotu")] == [True, False]
    assert not clerk.may_see("360500", "shuiwu")
