"""动态口令: a person gets a second factor, or gives it up. Plain HTML from the server, like the sign-in page."""

from __future__ import annotations

from flask import render_template

from core import second_factor
from core.accounts import Account, Accounts
from dashboard.words import Words

ISSUER = "Yangguang"


def render(words: Words, person: Account, accounts: Accounts, *, csrf: str, salt: str, back: str, problem: str = "") -> str:
    """The page. Without one, it shows the key of `salt` as text and as an address for the telephone."""
    key = accounts.factor_of(person.username, salt)
    return render_template("second_factor.html", t=words, person=person, csrf=csrf, salt=salt, back=back, problem=problem,
                           key=second_factor.written(key), address=second_factor.address(key, person.username, ISSUER))
