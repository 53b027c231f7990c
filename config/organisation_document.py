"""An organisation as one document: its names, area and superior, its place in lists, its posts, and whether it still is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from config.catalogue import SHORT_NAME_MAX, Organisation
from config.documents import Document, Strict
from core.errors import InvalidInput

LAST = 10_000  # where an organisation stands in lists that nobody gave a place


class OrganisationDocument(Strict):
    """`order` is its place in lists, `posts` are names of posts beside those of the catalogue; `merged_into` has its work
    now. An abolished one takes no items and no people."""

    name: str = Field(min_length=1, max_length=120)
    short: str = Field(min_length=1, max_length=SHORT_NAME_MAX)
    area: str
    parent: str = ""
    order: int = Field(default=LAST, ge=0, le=LAST)
    posts: tuple[str, ...] = ()
    abolished: bool = False
    merged_into: str = ""


BLANK: Mapping[str, Any] = {"name": "", "short": "", "area": "", "parent": "", "order": LAST, "posts": [], "abolished": False,
                            "merged_into": ""}


def document_of(organisation: Organisation, order: int = LAST) -> dict[str, Any]:
    """The organisation as plain data."""
    return {"name": organisation.name, "short": organisation.short, "area": organisation.area, "parent": organisation.parent,
            "order": order, "posts": list(organisation.posts), "abolished": organisation.abolished,
            "merged_into": organisation.merged_into}


def read_document_of(content: Mapping[str, Any], origin: str) -> OrganisationDocument:
    """Raises ConfigError naming key and remedy."""
    return Document(Path(origin), dict(content), {}).read_as(OrganisationDocument)


def organisation_of(code: str, document: OrganisationDocument) -> Organisation:
    """The organisation a document describes."""
    return Organisation(code, document.name, document.short, document.area, document.parent, document.posts,
                        document.abolished, document.merged_into)


def check_document(code: str, document: OrganisationDocument, areas: Collection[str],
                   others: Mapping[str, Organisation]) -> None:
    """Raises InvalidInput whose `key` is the field. `others` are the organisations there are."""
    if document.area not in areas:
        raise InvalidInput("area_unknown", key="area", area=document.area)
    if any(one.short == document.short for other, one in others.items() if other != code):
        raise InvalidInput("short_taken", key="short", short=document.short)
    for key in ("parent", "merged_into"):
        named = getattr(document, key)
        if named and (named == code or named not in others or others[named].abolished):
            raise InvalidInput("organisation_unknown", key=key, org=named)
    if document.merged_into and not document.abolished:
        raise InvalidInput("merged_but_not_abolished", key="abolished")
    if code in _superiors(document.parent, others):
        raise InvalidInput("organisation_circle", key="parent", org=document.parent)
    if any(not post.strip() or len(post) > 64 for post in document.posts):
        raise InvalidInput("post_invalid", key="posts")


def _superiors(code: str, others: Mapping[str, Organisation]) -> list[str]:
    """The organisation and everything above it."""
    found: list[str] = []
    while code and code not in found and code in others:
        found.append(code)
        code = others[code].parent
    return found
