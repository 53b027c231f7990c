"""Applying: a draft under a key only this browser has, files one by one, a last look, and the receipt that is shown once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import segno
from flask import Response, redirect, request

from approval.detail import Paper
from approval.drafts import Draft
from approval.http import as_picture
from approval.materials import Upload
from approval.matters import TITLE_MAX, Applicant, Application
from approval.reuse import Earlier
from config.catalogue import Item
from config.item_details import Material
from core.errors import InvalidInput, NotFound, SupervisionError
from portal.cookies import DRAFT
from portal.guide import limit_words, public_item
from portal.parts import Portal, address, page, sentence

FIELDS = ("kind", "name", "identity_no", "phone", "email", "address", "agent", "title")
FIELD_MAX = 256


class ApplyPages:
    """Everything under /public/apply/<code>/."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def begin(self, code: str) -> Response:
        """A draft of before is gone on with."""
        item = public_item(self._portal, code)
        response = _to(code)
        if self._draft(item) is None:
            self._portal.limits.forms.spend(address())
            self._portal.cookies.keep_draft(response, self._portal.approval.drafts.begin(code), _path(code))
        return response

    def form(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        return _to_item(code) if draft is None else self._form(item, draft.values)

    def keep(self, code: str) -> Response:
        """Everything is kept before it is checked: what was typed is never lost."""
        item = public_item(self._portal, code)
        draft = self._need(item)
        values = {name: request.form.get(name, "").strip()[:2 * FIELD_MAX] for name in FIELDS}
        self._portal.approval.drafts.save(self._key(), {**draft.values, **values})
        if request.form.get("then") == "keep":
            return self._form(item, values, said="portal.apply.kept")
        problems = self._problems(values)
        return self._form(item, values, problems, status=400) if problems else _to(code, "materials/")

    def materials(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        return _to_item(code) if draft is None else self._materials(item, draft)

    def attach(self, code: str) -> Response:
        """One file for one paper. A refused one leaves the others, and its error stands at its own field."""
        item = public_item(self._portal, code)
        self._need(item)
        paper = request.form.get("code", "")
        try:
            attach(self._portal, item, self._key(), paper)
        except SupervisionError as refusal:
            return self._materials(item, self._need(item), {paper: sentence(refusal, self._portal.words())}, refusal.status)
        return _to(code, f"materials/#paper-{paper}")

    def detach(self, code: str) -> Response:
        self._need(public_item(self._portal, code))
        self._portal.approval.drafts.detach(self._key(), request.form.get("code", ""), request.form.get("sha256", ""))
        return _to(code, "materials/")

    def review(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        if draft is None:
            return _to_item(code)
        return _to(code) if self._problems(draft.values) else self._review(item, draft)

    def file(self, code: str) -> Response:
        """The draft is used up by the very transaction that files it: a second click files nothing."""
        item = public_item(self._portal, code)
        draft = self._need(item)
        if request.form.get("agreed") != "yes":
            return self._review(item, draft, {"agreed": self._portal.words()("portal.apply.agree_missing")}, 400)
        self._portal.limits.forms.spend(address())
        filed = self._portal.approval.intake.file(application_of(item, draft), "web", draft_key=self._key())
        response = self._receipt(item, filed.case_no, filed.password)
        self._portal.cookies.forget(response, DRAFT, _path(code))
        self._portal.cookies.open_case(response, filed.case_no)
        return response

    def discard(self, code: str) -> Response:
        public_item(self._portal, code)
        self._portal.approval.drafts.discard(self._key())
        response = _to_item(code)
        self._portal.cookies.forget(response, DRAFT, _path(code))
        return response

    def earlier(self, code: str) -> Response:
        """A file of the case this browser has opened goes with the draft; refused, its error stands at its own paper."""
        item, paper = public_item(self._portal, code), request.form.get("code", "")
        draft, opened = self._need(item), self._portal.cookies.case()
        try:
            self._portal.limits.files.spend(address())
            if opened is None or paper not in item.details.materials:
                raise NotFound("material_not_reusable", name="")
            if request.form.get("consent"):
                self._portal.approval.drafts.save(self._key(), {**draft.values, "consent": self._portal.words()(
                    "portal.reuse.agreed")})
            self._portal.approval.reuse.into_draft(self._key(), paper, request.form.get("sha256", ""), opened)
        except SupervisionError as refusal:
            return self._materials(item, self._need(item), {paper: sentence(refusal, self._portal.words())}, refusal.status)
        return _to(code, f"materials/#paper-{paper}")

    def _offered(self, draft: Draft) -> list[Earlier]:
        """What may be used again: files of the opened case, where its applicant is the one of this draft."""
        opened = self._portal.cookies.case()
        if opened is None:
            return []
        return self._portal.approval.reuse.of_opened(opened, draft.values.get("name", ""), draft.values.get("identity_no", ""))

    def preview(self, code: str, sha256: str, page: int) -> Response:
        """A picture of a page of a file of this browser's draft."""
        return shown_page(self._portal, self._need(public_item(self._portal, code)).uploads, sha256, page)

    # Inside -------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        return self._portal.cookies.draft()

    def _draft(self, item: Item) -> Draft | None:
        try:
            draft = self._portal.approval.drafts.find(self._key())
        except NotFound:
            return None
        return draft if draft.item == item.code else None

    def _need(self, item: Item) -> Draft:
        draft = self._draft(item)
        if draft is None:
            raise NotFound("draft_not_found")
        return draft

    def _problems(self, values: Mapping[str, str]) -> dict[str, str]:
        """Field → what is wrong with it."""
        t = self._portal.words()
        found = {name: t("error.field_too_long", key=t(f"portal.field.{name}"), most=FIELD_MAX)
                 for name in FIELDS if len(values.get(name, "")) > (TITLE_MAX if name == "title" else FIELD_MAX)}
        if not values.get("title"):
            found["title"] = t("portal.apply.title_missing")
        try:
            applicant_of(values).check()
        except InvalidInput as refusal:
            found.setdefault(str(refusal.details.get("key")), sentence(refusal, t))
        return found

    def _form(self, item: Item, values: Mapping[str, str], problems: Mapping[str, str] | None = None, said: str = "",
              status: int = 200) -> Response:
        return page(self._portal, "apply_form", status, item=item, values=values, problems=problems or {}, said=said, at=1)

    def _materials(self, item: Item, draft: Draft, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
        return page(self._portal, "apply_materials", status, item=item, papers=papers_of(item, draft.uploads),
                    problems=problems or {}, accepts=accepted(self._portal), at=2,
                    pages=self._portal.approval.previews.pages, earlier=self._offered(draft),
                    agent=draft.values.get("agent", ""),
                    most_mb=self._portal.approval.materials.rules.max_bytes // 1024 // 1024)

    def _review(self, item: Item, draft: Draft, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
        papers = papers_of(item, draft.uploads)
        missing = [paper for paper, files in papers if paper.required and not files]
        return page(self._portal, "apply_review", status, item=item, values=draft.values, papers=papers, missing=missing,
                    org=self._portal.catalogue.organisations[item.org], problems=problems or {}, at=3)

    def _receipt(self, item: Item, case_no: str, password: str) -> Response:
        receipt = self._portal.approval.queries.of_applicant(case_no).receipts[0]
        check = self._portal.approval.desk.receipts.check_address(receipt.code)
        code = segno.make(check, error="m").svg_data_uri(scale=4, border=2, dark="#10243E")
        return page(self._portal, "apply_receipt", item=item, case_no=case_no, password=password, receipt=receipt, picture=code,
                    check=check, promised=limit_words(item.promised, self._portal.words()), may_switch=False, at=4)


def shown_page(portal: Portal, files: Sequence[Upload | Paper], sha256: str, page: int) -> Response:
    """A page of one of these files as a picture. Raises NotFound for any other file."""
    found = next((one for one in files if one.sha256 == sha256), None)
    if found is None:
        raise NotFound("material_not_found", name=sha256[:12])
    size = "large" if request.args.get("size") == "large" else "small"
    return as_picture(portal.approval.previews.picture(sha256, found.media_type, page, size))


def attach(portal: Portal, item: Item, key: str, paper: str) -> Upload:
    """The file of this request, for a paper of the item's list, with a draft. Raises InvalidInput, TooLarge, UpstreamError."""
    portal.limits.files.spend(address())
    if paper not in item.details.materials:
        raise InvalidInput("papers_unlisted", papers=paper[:40])
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput("portal_file_missing")
    return portal.approval.drafts.attach(key, paper, sent.filename, sent.stream)


def application_of(item: Item, draft: Draft) -> Application:
    return Application(item.code, applicant_of(draft.values), draft.values.get("title", ""), uploads=draft.uploads)


def applicant_of(values: Mapping[str, str]) -> Applicant:
    given = {name: values.get(name, "") for name in ("name", "identity_no", "phone", "email", "address", "agent")}
    return Applicant(kind="company" if values.get("kind") == "company" else "person", **given)


def papers_of(item: Item, uploads: tuple[Upload, ...]) -> list[tuple[Material, list[Upload]]]:
    """Every paper of the list with the files sent for it."""
    return [(paper, [one for one in uploads if one.code == code]) for code, paper in item.details.materials.items()]


def accepted(portal: Portal) -> str:
    return ",".join(f".{ending}" for ending in portal.approval.materials.rules.types)


def _path(code: str) -> str:
    return f"/public/apply/{code}/"


def _to(code: str, part: str = "") -> Response:
    return redirect(f"{_path(code)}{part}", 303)  # type: ignore[return-value]


def _to_item(code: str) -> Response:
    return redirect(f"/public/items/{code}/", 303)  # type: ignore[return-value]
