"""Applying: a draft under a key only this browser has, files one by one, a last look, and the receipt that is shown once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Literal

import segno
from flask import Response, redirect, request

from approval.codes import check_address
from approval.materials import Upload
from approval.matters import TITLE_MAX, Applicant, Application, Draft
from approval.responses import as_picture
from config.catalogue import Item
from config.item_details import Material
from config.item_form import PREFIX, VALUE_MAX, form_faults
from core.errors import InvalidInput, NotFound, SupervisionError
from portal.cookies import DRAFT
from portal.desk import EarlierFile, FileSeen, Handed
from portal.guide import limit_words, public_item
from portal.parts import Portal, address, page, sentence, written_here

log = logging.getLogger(__name__)
FIELDS = ("kind", "name", "identity_no", "phone", "email", "address", "agent", "title")
FIELD_MAX = 256
FILES_AT_ONCE = 4  # of the largest; more of them go one after the other


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
            key = self._portal.desk.drafts.begin(code)
            self._portal.cookies.keep_draft(response, key, _path(code))
            self._portal.account.begun(code, key)
        return response

    def again(self, code: str) -> Response:
        """What the inside refused becomes a draft once more, with everything that was entered."""
        item, no = public_item(self._portal, code), self._portal.cookies.case()
        if no is None:
            raise NotFound("portal_session_over")
        response = _to(item.code)
        self._portal.cookies.keep_draft(response, self._portal.desk.take_back(no), _path(item.code))
        return response

    def form(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        return _to_item(code) if draft is None else self._form(item, self._portal.account.form(draft.values))

    def keep(self, code: str) -> Response:
        """Everything is kept before it is checked: what was typed is never lost."""
        item = public_item(self._portal, code)
        draft = self._need(item)
        values = {name: request.form.get(name, "").strip()[:2 * VALUE_MAX] for name in (*FIELDS, *form_names(item))}
        self._portal.desk.drafts.save(self._key(), {**draft.values, **values})
        self._portal.account.begun(code, self._key())
        if request.form.get("then") == "keep":
            return self._form(item, values, said="portal.apply.kept")
        problems = self._problems(item, values)
        return self._form(item, values, problems, status=400) if problems else _to(code, "materials/")

    def materials(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        return _to_item(code) if draft is None else self._materials(item, draft)

    def attach(self, code: str) -> Response:
        """Every file that was chosen, whichever button was pressed: none of them is left behind on the way to the last look. A
        refused one leaves the others, and its error stands at its own field."""
        item = public_item(self._portal, code)
        self._need(item)
        paper = request.form.get("code", "")
        refused = attach_chosen(self._portal, item.details.materials, self._key(), paper)
        if refused:
            problems = {one: sentence(refusal, self._portal.words()) for one, refusal in refused.items()}
            return self._materials(item, self._need(item), problems, next(iter(refused.values())).status)
        return _to(code, f"materials/#paper-{paper}" if paper else "review/")

    def detach(self, code: str) -> Response:
        self._need(public_item(self._portal, code))
        self._portal.desk.drafts.detach(self._key(), request.form.get("code", ""), request.form.get("sha256", ""))
        return _to(code, "materials/")

    def review(self, code: str) -> Response:
        item = public_item(self._portal, code)
        draft = self._draft(item)
        if draft is None:
            return _to_item(code)
        return _to(code) if self._problems(item, draft.values) else self._review(item, draft)

    def file(self, code: str) -> Response:
        """The draft is used up by the very transaction that files it: a second click files nothing."""
        item = public_item(self._portal, code)
        draft = self._need(item)
        if request.form.get("agreed") != "yes":
            return self._review(item, draft, {"agreed": self._portal.words()("portal.apply.agree_missing")}, 400)
        problems = self._problems(item, draft.values)
        if problems:  # the item asks for something else since the last look
            return self._form(item, draft.values, problems, status=400)
        self._portal.limits.forms.spend(address())
        handed = self._portal.desk.file(application_of(item, draft), self._key())
        self._tell_account(code, handed, draft)
        response = self._receipt(item, handed)
        self._portal.cookies.forget(response, DRAFT, _path(code))
        self._portal.cookies.open_case(response, handed.number)
        return response

    def discard(self, code: str) -> Response:
        public_item(self._portal, code)
        self._portal.desk.drafts.discard(self._key())
        self._portal.account.dropped(code)
        response = _to_item(code)
        self._portal.cookies.forget(response, DRAFT, _path(code))
        return response

    def earlier(self, code: str) -> Response:
        """A file of the case this browser has opened goes with the draft; refused, its error stands at its own paper."""
        item, paper = public_item(self._portal, code), request.form.get("code", "")
        self._need(item)
        try:
            self._use_earlier(item, paper)
        except SupervisionError as refusal:
            return self._materials(item, self._need(item), {paper: sentence(refusal, self._portal.words())}, refusal.status)
        return _to(code, f"materials/#paper-{paper}")

    def _use_earlier(self, item: Item, paper: str) -> None:
        self._portal.limits.files.spend(address())
        opened = self._portal.cookies.case()
        if opened is None or paper not in item.details.materials:
            raise NotFound("material_not_reusable", name="")
        consent = self._portal.words()("portal.reuse.agreed") if request.form.get("consent") else ""
        self._portal.desk.use_earlier(opened, self._key(), paper, request.form.get("sha256", ""), consent)

    def _offered(self) -> Sequence[EarlierFile]:
        """What may be used again: files of the opened case, where its applicant is the one of this draft."""
        opened = self._portal.cookies.case()
        return () if opened is None else self._portal.desk.earlier(opened, self._key())

    def preview(self, code: str, sha256: str, page: int) -> Response:
        """A picture of a page of a file of this browser's draft."""
        return shown_page(self._portal, self._need(public_item(self._portal, code)).uploads, sha256, page)

    # Inside -------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        return self._portal.cookies.draft()

    def _draft(self, item: Item) -> Draft | None:
        try:
            draft = self._portal.desk.drafts.find(self._key())
        except NotFound:
            return None
        return draft if draft.item == item.code else None

    def _need(self, item: Item) -> Draft:
        draft = self._draft(item)
        if draft is None:
            raise NotFound("draft_not_found")
        return draft

    def _problems(self, item: Item, values: Mapping[str, str]) -> dict[str, str]:
        """Field → what is wrong with it, over the whole form at once."""
        t = self._portal.words()
        found = {name: t("error.field_too_long", key=t(f"portal.field.{name}"), most=FIELD_MAX)
                 for name in FIELDS if len(values.get(name, "")) > (TITLE_MAX if name == "title" else FIELD_MAX)}
        if not values.get("title"):
            found["title"] = t("portal.apply.title_missing")
        try:
            applicant_of(values).check()
        except InvalidInput as refusal:
            found.setdefault(str(refusal.details.get("key")), sentence(refusal, t))
        for code, fault in form_faults(item.details.form, said(item, values)).items():
            found[f"{PREFIX}{code}"] = sentence(fault, t)
        return found

    def _tell_account(self, code: str, handed: Handed, draft: Draft) -> None:
        """It is filed, and the password is shown this once: whatever fails here, the applicant must see it. He can link the
        case by its number and password."""
        try:
            self._portal.account.filed(code, handed.number, draft.values)
        except Exception:
            log.exception("the account of an applicant was not told of %s", handed.number)

    def _form(self, item: Item, values: Mapping[str, str], problems: Mapping[str, str] | None = None, said: str = "",
              status: int = 200) -> Response:
        return page(self._portal, "apply_form", status, item=item, values=values, problems=problems or {}, said=said, at=1)

    def _materials(self, item: Item, draft: Draft, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
        return page(self._portal, "apply_materials", status, item=item, papers=papers_of(item, draft.uploads),
                    problems=problems or {}, accepts=accepted(self._portal), at=2,
                    left_over=draft.left_over(item.details.materials),
                    pages=self._portal.desk.pages, earlier=self._offered(),
                    may_reuse="reuse" in self._portal.desk.offers, agent=draft.values.get("agent", ""),
                    most_mb=self._portal.desk.rules.max_bytes // 1024 // 1024, at_once=FILES_AT_ONCE)

    def _review(self, item: Item, draft: Draft, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
        papers = papers_of(item, draft.uploads)
        missing = [paper for paper, files in papers if paper.required and not files]
        return page(self._portal, "apply_review", status, item=item, values=draft.values, papers=papers, missing=missing,
                    org=self._portal.catalogue.organisations[item.org], problems=problems or {}, at=3)

    def _receipt(self, item: Item, handed: Handed) -> Response:
        """The receipt with its picture; where the inside has not answered yet, what is known and what happens next."""
        if handed.receipt is None:
            return page(self._portal, "apply_sent", item=item, handed=handed, may_switch=False, at=4,
                        sent_at=written_here(self._portal, handed.sent_at))
        check = check_address(self._portal.public_url, handed.receipt.code)
        code = segno.make(check, error="m").svg_data_uri(scale=4, border=2, dark="#10243E")
        return page(self._portal, "apply_receipt", item=item, case_no=handed.case_no, password=handed.password,
                    receipt=handed.receipt, picture=code, check=check, may_switch=False, at=4,
                    promised=limit_words(item.promised, self._portal.words()))


def shown_page(portal: Portal, files: Sequence[Upload | FileSeen], sha256: str, page: int) -> Response:
    """A page of one of these files as a picture. Raises NotFound for any other file."""
    found = next((one for one in files if one.sha256 == sha256), None)
    if found is None:
        raise NotFound("material_not_found", name=sha256[:12])
    size: Literal["small", "large"] = "large" if request.args.get("size") == "large" else "small"
    return as_picture(portal.desk.picture(sha256, found.media_type, page, size))


def attach_chosen(portal: Portal, listed: Collection[str], key: str, asked_for: str = "") -> dict[str, SupervisionError]:
    """Every file of this request for a paper of the list, with a draft, and the one the button pressed was for. What is wrong
    with the file of each paper; the others are with the draft."""
    refused: dict[str, SupervisionError] = {}
    for paper in dict.fromkeys([*filter(_is_chosen, listed), *([asked_for] if asked_for else ())]):
        try:
            _attach(portal, listed, key, paper)
        except SupervisionError as refusal:
            refused[paper] = refusal
    return refused


def _attach(portal: Portal, listed: Container[str], key: str, paper: str) -> None:
    """Raises InvalidInput, TooLarge, UpstreamError."""
    portal.limits.files.spend(address())
    if paper not in listed:
        raise InvalidInput("papers_unlisted", papers=paper[:40])
    if not _is_chosen(paper):
        raise InvalidInput("portal_file_missing")
    sent = request.files[_file_of(paper)]
    portal.desk.drafts.attach(key, paper, sent.filename or "", sent.stream, listed)


def _is_chosen(paper: str) -> bool:
    """Whether this request brings a file for that paper."""
    sent = request.files.get(_file_of(paper))
    return sent is not None and bool(sent.filename)


def _file_of(paper: str) -> str:
    """How the pages call the file for that paper."""
    return f"file-{paper}"


def application_of(item: Item, draft: Draft) -> Application:
    """What the last look showed: a file for a paper the item asked for when the draft was begun, and no more, stays behind."""
    return Application(item.code, applicant_of(draft.values), draft.values.get("title", ""), said(item, draft.values),
                       uploads=draft.only(item.details.materials).uploads)


def form_names(item: Item) -> list[str]:
    """How the fields of the item's own form are called on the page and in the draft."""
    return [f"{PREFIX}{code}" for code in item.details.form]


def said(item: Item, values: Mapping[str, str]) -> dict[str, str]:
    """What the item's own form says."""
    return {code: values.get(f"{PREFIX}{code}", "") for code in item.details.form}


def applicant_of(values: Mapping[str, str]) -> Applicant:
    given = {name: values.get(name, "") for name in ("name", "identity_no", "phone", "email", "address", "agent")}
    return Applicant(kind="company" if values.get("kind") == "company" else "person", **given)


def papers_of(item: Item, uploads: tuple[Upload, ...]) -> list[tuple[Material, list[Upload]]]:
    """Every paper of the list with the files sent for it."""
    return [(paper, [one for one in uploads if one.code == code]) for code, paper in item.details.materials.items()]


def accepted(portal: Portal) -> str:
    return ",".join(f".{ending}" for ending in portal.desk.rules.types)


def _path(code: str) -> str:
    return f"/public/apply/{code}/"


def _to(code: str, part: str = "") -> Response:
    return redirect(f"{_path(code)}{part}", 303)  # type: ignore[return-value]


def _to_item(code: str) -> Response:
    return redirect(f"/public/items/{code}/", 303)  # type: ignore[return-value]
