"""Routes of applicants' accounts. They are open to everybody; each page asks for the session it needs itself."""

from __future__ import annotations

from flask import Blueprint

from portal.accounts.desk import AccountDesk
from portal.accounts.entrance import EntrancePages
from portal.accounts.mine import MyPages
from portal.parts import Portal


def add_accounts(site: Blueprint, portal: Portal, desk: AccountDesk) -> None:
    """Below /public/account/."""
    entrance, mine = EntrancePages(portal, desk), MyPages(portal, desk)
    for rule, name, view, method in (
            ("", "mine", mine.show, "GET"), ("enter/", "entrance", entrance.show, "GET"),
            ("enter/", "enter", entrance.enter, "POST"), ("code", "send_code", entrance.send_code, "POST"),
            ("password", "by_password", entrance.enter_with_password, "POST"), ("leave", "leave", entrance.leave, "POST"),
            ("case", "open", mine.open_case, "POST"), ("link", "link", mine.link, "POST"),
            ("draft", "go_on", mine.go_on, "POST"), ("settings/", "settings", mine.settings, "GET"),
            ("settings/facts", "save", mine.save, "POST"), ("settings/password", "set_password", mine.set_password, "POST"),
            ("settings/contact", "contact", mine.add_contact, "POST"), ("settings/session", "end", mine.end_session, "POST"),
            ("leave-everywhere", "leave_everywhere", mine.leave_everywhere, "POST")):
        site.add_url_rule(f"/account/{rule}", f"account_{name}", view, methods=[method])
