"""Tokens by which other systems read figures: issued, listed and ended by an administrator at the command line."""

from __future__ import annotations

import argparse

from bootstrap import Services
from core.access import Actor, Role
from core.errors import InvalidInput
from core.instants import from_us
from core.read_tokens import Api, ReadScope, ReadToken


def read_token(services: Services, options: argparse.Namespace) -> int:
    """Issue a token and show it once, list what is known of all, or end those of a name."""
    act = {"issue": _issue, "list": _list, "revoke": _revoke}[options.act]
    return act(services, options)


def _issue(services: Services, options: argparse.Namespace) -> int:
    by = _administrator(services, options.by)
    scope = ReadScope(frozenset(map(_api, options.api)), _area(services, options), options.org)
    print(services.read_tokens.issue(options.for_name, scope, options.days, by))
    return 0


def _list(services: Services, _options: argparse.Namespace) -> int:
    now = services.read_tokens.now_us()
    for one in services.read_tokens.listed():
        print(f"{one.name}\t{_state(one, now)}\t{','.join(sorted(one.scope.apis))}\t{one.scope.area or '*'}\t"
              f"{one.scope.org or '*'}\t{one.issued_by}\t{_day(one.created_at)}\t{_day(one.expires_at)}")
    return 0


def _revoke(services: Services, options: argparse.Namespace) -> int:
    print(f"{services.read_tokens.revoke(options.for_name, _administrator(services, options.by))} tokens revoked")
    return 0


def _state(one: ReadToken, now_us: int) -> str:
    return "revoked" if one.revoked_at is not None else "valid" if one.is_valid(now_us) else "expired"


def _day(at: int) -> str:
    return from_us(at).date().isoformat()


def _api(name: str) -> Api:
    try:
        return Api(name)
    except ValueError:
        raise InvalidInput("read_token_apis", key="api", value=name[:32], accepted=", ".join(Api)) from None


def _area(services: Services, options: argparse.Namespace) -> str:
    """The area asked for. Raises InvalidInput for an area or a department nobody lists."""
    if options.org and services.catalogue.find_organisation(options.org) is None:
        raise InvalidInput("read_token_org", key="org", value=options.org[:64])
    if options.area and options.area not in services.catalogue.areas:
        raise InvalidInput("read_token_area", key="area", value=options.area[:64], accepted=", ".join(services.catalogue.areas))
    return str(options.area)


def _administrator(services: Services, username: str) -> Actor:
    person = services.accounts.actor_of(username)
    if person is None or not person.has(Role.ADMINISTRATOR):
        raise InvalidInput("token_not_of_administrator", name=username)
    return person
