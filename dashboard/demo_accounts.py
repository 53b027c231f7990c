"""The people of the demonstration, so that every role can be tried with one click. Never created outside of it."""

from __future__ import annotations

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


def create_demo_accounts(accounts: Accounts, org: str) -> None:
    """Make those that do not exist yet; `org` is the unit of the department user."""
    for person in DEMO_ACCOUNTS:
        if accounts.find(person.username) is None:
            accounts.create(person.username, DEMO_PASSWORD, display_name=person.display_name, roles=[person.role],
                            org=org if person.role is Role.DEPARTMENT_USER else "")
