"""免重复提交: a material this applicant gave before is taken over instead of being asked for again, whichever unit has it.

Same applicant means same name and same identity number; an earlier file is offered for a year (`approval.reuse_days`). Where
somebody else files than the applicant himself (a clerk, an agent), the applicant's consent is written down with it. The record
says from which case it comes; the file itself is the same bytes under the same digest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from approval.desk import Desk
from approval.drafts import Drafts
from approval.intake import Intake
from approval.materials import Upload
from approval.matters import checked_words
from approval.models import hosted_cases, hosted_papers
from approval.queries import HostedQueries
from core.access import Actor
from core.errors import NotFound
from core.instants import DAY_US

MOST = 60


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file given before: with which case, for which paper of which item, when (us UTC)."""

    case_no: str
    item: str
    code: str
    sha256: str
    file_name: str
    media_type: str
    size: int
    at: int

    def upload(self, code: str, consent: str) -> Upload:
        return Upload(code, self.sha256, self.file_name, self.media_type, self.size, self.case_no, consent)


class Reuse:
    """`kept_days`: how old a file may be."""

    def __init__(self, desk: Desk, intake: Intake, queries: HostedQueries, drafts: Drafts, kept_days: int) -> None:
        self._desk, self._intake, self._queries, self._drafts, self._kept_days = desk, intake, queries, drafts, kept_days

    # At a window --------------------------------------------------------------------------------------------------

    def for_case(self, case_no: str, actor: Actor) -> list[Earlier]:
        """What the applicant of this case gave with others. Raises NotFound for a case this person may not see."""
        detail = self._queries.find(case_no, actor)
        identity = str(detail.particulars["applicant"].get("identity_no", ""))
        here = {paper.sha256 for paper in detail.papers}
        return [one for one in self._earlier(detail.head.applicant, identity)
                if one.case_no != case_no and one.sha256 not in here]

    def take_over(self, case_no: str, code: str, sha256: str, consent: str, actor: Actor) -> Upload:
        """Put an earlier file with a case. Raises InvalidInput without the applicant's consent, NotFound for a file that is not
        his."""
        told = checked_words(consent, "consent")
        upload = _chosen(self.for_case(case_no, actor), sha256).upload(code, told)
        self._intake.keep_file(case_no, upload, actor)
        return upload

    # Online -------------------------------------------------------------------------------------------------------

    def of_opened(self, case_no: str, name: str, identity_no: str) -> list[Earlier]:
        """The files of a case this browser has opened by its password, if its applicant is the one who applies now."""
        return self._earlier(name, identity_no, case_no)

    def into_draft(self, key: str, code: str, sha256: str, opened: str, consent: str = "") -> Upload:
        """An earlier file goes with a draft. Where an agent applies, `consent` says how the applicant agreed."""
        draft = self._drafts.find(key)
        values, asked = draft.values, self._desk.item(draft.item).details.materials
        found = _chosen(self.of_opened(opened, values.get("name", ""), values.get("identity_no", "")), sha256)
        upload = found.upload(code, checked_words(consent, "consent") if values.get("agent") else "")
        self._drafts.add(key, upload, asked)
        return upload

    # Inside -------------------------------------------------------------------------------------------------------

    def _earlier(self, name: str, identity_no: str, case_no: str = "") -> list[Earlier]:
        """The latest first, each file once; with `case_no`, those of that case."""
        if not name.strip() or not identity_no.strip():
            return []
        with self._desk.units.database.read() as conn:
            oldest = self._desk.units.clock.now_us() - self._kept_days * DAY_US
            rows = _rows(conn, name.strip(), oldest, case_no)
        found: dict[str, Earlier] = {}
        for row in rows:
            if _identity(row.particulars) == identity_no.strip():
                found.setdefault(f"{row.case_no} {row.sha256}", Earlier(*row[:8]))
        return list(found.values())[:MOST]


def _rows(conn: Connection, name: str, oldest: int, case_no: str) -> Collection[Any]:
    c, p = hosted_cases.c, hosted_papers.c
    of_case = [c.case_no == case_no] if case_no else []
    return conn.execute(
        select(c.case_no, c.item, p.code, p.sha256, p.file_name, p.media_type, p.size, p.at, c.particulars)
        .join(hosted_papers, p.case_id == c.case_id)
        .where(c.applicant == name, p.sha256.is_not(None), p.state == "received", p.at >= oldest, p.form == "file", *of_case)
        .order_by(p.at.desc()).limit(5 * MOST)).all()


def _identity(particulars: str) -> str:
    return str(msgspec.json.decode(particulars)["applicant"].get("identity_no", "")).strip()


def _chosen(offered: Collection[Earlier], sha256: str) -> Earlier:
    found = next((one for one in offered if one.sha256 == sha256), None)
    if found is None:
        raise NotFound("material_not_reusable", name=sha256[:12])
    return found
