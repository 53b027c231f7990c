"""A catalogue of items for the departments of a log, and what a plain count over its files says of them.

The shipped city with three things changed: the departments of the log are organisations of it, each has items that lack
something in turn, and not every item of the city says whether it is in the hall. Imports nothing of the product.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

EACH = 24  # items of a department
Entry = dict[str, Any]


def write_city(shipped: Path, folder: Path, departments: list[str]) -> Path:
    """A copy of the shipped catalogue with items of these departments."""
    shutil.copytree(shipped, folder)
    organisations, items, details = (_read(folder / f"{name}.yaml") for name in ("organisations", "items", "details"))
    del details["guide"]["flags"]
    for number, org in enumerate(departments):
        organisations["organisations"].append({"code": org, "name": org, "short": org[-5:]})
        made = [_made(f"laid-item-{number}-{place}", number + place) for place in range(EACH + number)]
        items["items"][org] = [item for item, _ in made]
        details["items"] |= {item["code"]: more for item, more in made}
    for name, content in (("organisations", organisations), ("items", items), ("details", details)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def _made(code: str, n: int) -> tuple[Entry, Entry]:
    item = {"code": code, "name": code, "kind": "permit", "category": "instant" if n % 7 == 0 else "promised",
            "fee": n % 3 == 0, "legal_basis": "" if n % 11 == 5 else "《条例》"}
    item |= {"promised": "5wd"} if n % 4 else {}
    item |= {"statutory": "20wd"} if n % 3 else {}
    details: Entry = {"guide": [{}, {"flags": []}, {"flags": ["in_hall"], "central": "yes"},
                                {"flags": ["by_mail"], "central": "no"}, {"central": "yes"}][n % 5]}
    details |= {"materials": [{"code": "form", "name": "申请表"}]} if n % 6 else {}
    details |= {"unpublished": ["steps"]} if n % 13 == 7 else {}
    if n % 9 == 0:
        details["fees"] = [{"code": "fee", "name": "费", "standard_fen": 100, "unit": "件", "basis": "文号"}]
    return item, details


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# What it counts ---------------------------------------------------------------------------------------------------


def items_of(city: Path) -> dict[str, Counter[str]]:
    """What each organisation has, by the files as they are written."""
    details, counted = _read(city / "details.yaml"), dict[str, Counter[str]]()
    for org, items in _read(city / "items.yaml")["items"].items():
        counted[org] = Counter()
        for item in items:
            more = details["items"].get(item["code"], {})
            counted[org].update(_said(item, more, {**details["guide"], **more.get("guide", {})}))
    return counted


def _said(item: Entry, more: Entry, guide: Entry) -> list[str]:
    said = ["items"]
    if "promised" in item or "statutory" in item:
        said.append("covered")
    if item.get("legal_basis") and more.get("materials") and not more.get("unpublished"):
        has_time = "promised" in item or item["category"] == "instant"
        if has_time and (more.get("fees") or not item.get("fee")):
            said.append("published")
    if "flags" in guide:
        said += ["told", "in_hall"] if "in_hall" in guide["flags"] else ["told"]
    if "central" in guide:
        said += ["central_told", "central"] if guide["central"] == "yes" else ["central_told"]
    return said


def item_shares(of: Counter[str]) -> dict[str, tuple[int, int, float | None]]:
    shares = {"hall_rate": ("in_hall", "told"), "central_rate": ("central", "central_told"),
              "published_rate": ("published", "items"), "coverage_rate": ("covered", "items")}
    return {name: (of[above], of[below], round(of[above] / of[below], 6) if of[below] else None)
            for name, (above, below) in shares.items()}
