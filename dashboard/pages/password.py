"""修改密码: a person changes his own password. Plain HTML from the server, like the sign-in page: no script sees it."""

from __future__ import annotations

from flask import render_template

from core.accounts import Account
from dashboard.pages.home import address_for
from dashboard.pages.sign_in import safe_address
from dashboard.words import Words

PREFIX = "/account/"
FIELDS = ("old", "new", "again")


def render(words: Words, person: Account, *, csrf: str, next_address: str, at_least: int, problem: str = "") -> str:
    """The page; `problem` is the sentence about a failed attempt. Who must change it finds no way back, only the way out."""
    return render_template("password.html", t=words, person=person, csrf=csrf, next=next_address, at_least=at_least,
                           problem=problem, back=address_after(next_address, person))


def address_after(next_address: str, person: Account) -> str:
    """Where he wanted to go, never back to this page; else the page he works on."""
    wanted = safe_address(next_address)
    return address_for(person.actor) if not wanted or wanted.startswith(PREFIX) else wanted
