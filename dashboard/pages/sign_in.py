"""The sign-in page: plain HTML from the server, so that it works before anything else does."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import render_template

from dashboard.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from dashboard.words import Words

PREFIX = "/sign-in/"


def render(words: Words, *, csrf: str, next_address: str, demo: bool, username: str = "", problem: str = "",
           provider: str = "", is_local_on: bool = True) -> str:
    """The page; `problem` is the sentence about a failed attempt, `provider` the way to an OpenID provider."""
    return render_template("sign_in.html", t=words, csrf=csrf, next=safe_address(next_address), username=username,
                           problem=problem, provider=provider, is_local_on=is_local_on,
                           demo_accounts=DEMO_ACCOUNTS if demo else (), demo_password=DEMO_PASSWORD)


def safe_address(address: str) -> str:
    """A path on this server, or nothing: the address comes from the query and must not lead elsewhere."""
    parts = urlsplit(address)
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    is_plain = address.isprintable() and "\\" not in address
    return address if is_own and is_plain and not address.startswith((PREFIX, "/sign-out/")) else ""
