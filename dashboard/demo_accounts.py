"""The people of the demonstration, so that every role can be tried with one click. Never created outside of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from core.access import Role
from core.accounts import Accounts

DEMO_PASSWORD = "yangguang-demo"  # public on purpose: the sign-in page shows it


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A person of the simulated city."""

    username: str
    display_name: str
    role: Role


DEMO_ACCOUNTS = (
    DemoAccount("zhou", "周立新", Role.DUTY_OFFICER),
    DemoAccount("sun", "孙国华", Role.SHIFT_LEADER),
    DemoAccount("li", "李敏", Role.INSPECTOR),
    DemoAccount("wang", "王建国", Role.LEADER),
    DemoAccount("zhao", "赵晓燕", Role.DEPARTMENT_USER),
    DemoAccount("chen", "陈默", Role.ADMINISTRATOR),
)


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A person of the approval staff and the posts held; `unit` is its place in the catalogue, None for every one."""

    username: str
    display_name: str
    unit: int | None
    posts: tuple[str, ...]


DEMO_STAFF = (
    DemoStaff("chuang", "庄晓", None, ("综合窗口",)),
    DemoStaff("qian", "钱敏", None, ("收费员",)),
    DemoStaff("lin", "林涛", 0, ("承办人",)),
    DemoStaff("gao", "高敏", 0, ("审核人", "会审组")),
    DemoStaff("luo", "罗勇", 0, ("批准人",)),
    DemoStaff("zheng", "郑军", 0, ("分管领导",)),
    DemoStaff("tan", "谭雪", 3, ("承办人",)),
    DemoStaff("shen", "沈毅", 3, ("审核人",)),
    DemoStaff("pan", "潘洁", 3, ("批准人",)),
    DemoStaff("fan", "范鸣", 3, ("分管领导",)),
)


def create_demo_staff(accounts: Accounts, give: Callable[[str, str, Collection[str]], None], units: Sequence[str]) -> None:
    """Make those that do not exist yet and give them their posts."""
    for person in DEMO_STAFF:
        home = units[(person.unit or 0) % len(units)]
        if accounts.find(person.username) is None:
            accounts.create(person.username, DEMO_PASSWORD, display_name=person.display_name, roles=[Role.APPROVAL_STAFF],
                            org=home)
        give(person.username, home if person.unit is not None else "*", person.posts)


def create_demo_accounts(accounts: Accounts, org: str) -> None:
    """Make those that do not exist yet; `org` is the unit of the department user."""
    for person in DEMO_ACCOUNTS:
        if accounts.find(person.username) is None:
            accounts.create(person.username, DEMO_PASSWORD, display_name=person.display_name, roles=[person.role],
                            org=org if person.role is Role.DEPARTMENT_USER else "")
