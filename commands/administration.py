"""What the technician of a unit does at the command line: schema, accounts, tokens."""

from __future__ import annotations

import argparse
import getpass
import sys

from bootstrap import Services
from core.access import Role
from core.errors import InvalidInput


def migrate(services: Services, _options: argparse.Namespace) -> int:
    """The services were built, so the schema is the newest already."""
    print(f"{services.database.url.render_as_string(hide_password=True)} has the newest schema")
    return 0


def account(services: Services, options: argparse.Namespace) -> int:
    """Create an account (its password is asked for, or read from standard input), or change what is given of one.

    Needs no second person, since whoever holds the machine holds the database; but the change log tells of it.
    """
    if options.without_second_factor:
        services.people.drop_factor_directly(options.username)
        print(f"{options.username}: no second factor any more")
        return 0
    roles = [_role(name) for name in options.role]
    is_new = services.accounts.find(options.username) is None
    known = services.people.set_directly(
        options.username, password=_password() if is_new or options.password else None, roles=roles or None, org=options.org,
        area=options.area, halls=None if options.hall is None else set(filter(None, options.hall)),
        display_name=options.label or None, is_active=options.is_active)
    state = "" if known.is_active else ", deactivated"
    print(f"{known.username}: {', '.join(sorted(role.value for role in known.roles)) or 'no role'}{state}")
    return 0


def token(services: Services, options: argparse.Namespace) -> int:
    """Issue a token and show it once; only its hash is kept. One of kind admin is of an administrator's account."""
    if options.revoke:
        print(f"{services.accounts.revoke_tokens(options.kind, options.for_name)} tokens revoked")
        return 0
    if options.kind == "admin":
        _check_administrator(services, options.for_name)
    print(services.accounts.issue_token(options.kind, options.for_name))
    return 0


def _check_administrator(services: Services, username: str) -> None:
    person = services.accounts.actor_of(username)
    if person is None or not person.has(Role.ADMINISTRATOR):
        raise InvalidInput("token_not_of_administrator", name=username)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise InvalidInput("role_unknown", value=name, accepted=", ".join(role.value for role in Role)) from None


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise InvalidInput("passwords_differ")
    return first
