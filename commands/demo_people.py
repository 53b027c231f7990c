"""The people of the demonstration: those who can sign in, and those of the units, who only appear in its stories."""

from __future__ import annotations

from collections.abc import Iterable

from core.access import Actor, Role
from dashboard.demo_accounts import DEMO_ACCOUNTS

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛范彭郎"
_GIVEN = ("建平", "晓岚", "志远", "秀英", "海涛", "文静", "国栋", "丽华")
_HEADS = ("明辉", "雪梅", "永刚", "玉兰", "振华", "淑芬", "德胜")


def person(role: Role) -> Actor:
    """The person of that role who can sign in."""
    account = next(account for account in DEMO_ACCOUNTS if account.role is role)
    return Actor(account.username, frozenset({role}), "", account.display_name)


def liaison_name(number: int) -> str:
    """The liaison of the unit of that number."""
    return _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number % len(_GIVEN)]


def head_name(number: int) -> str:
    """The head of the unit of that number; never of the same name as its liaison."""
    return _SURNAMES[(number * 7 + 3) % len(_SURNAMES)] + _HEADS[number % len(_HEADS)]


class UnitPeople:
    """Who answers for each unit: of the first the department user who can sign in, of the others their liaison."""

    def __init__(self, units: Iterable[str]) -> None:
        self._numbers = {code: number for number, code in enumerate(units)}

    def of(self, unit: str) -> Actor:
        """The person of that unit, as the services know one who is signed in."""
        number, parts = self._numbers[unit], frozenset({Role.DEPARTMENT_USER})
        if number == 0:
            known = person(Role.DEPARTMENT_USER)
            return Actor(known.name, parts, unit, known.display_name)
        return Actor(f"unit-{number:02}", parts, unit, liaison_name(number))
