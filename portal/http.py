"""Routes of the public pages under /public/. They are open to everybody; a case is reached through its own session only."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import NotFound as NotFoundPage

from approval.codes import read_code
from core.errors import InvalidInput, NotFound, SupervisionError
from portal.apply import FILES_AT_ONCE, ApplyPages
from portal.bulletins import BulletinPages
from portal.case import CasePages
from portal.correction import CorrectionPages
from portal.desk import FileVerdict, PaperFacts
from portal.guide import GuidePages
from portal.parts import Portal, address, page, sentence
from portal.pay import PayPages
from portal.tell import TellPages

BESIDE_FILE = 1024 * 1024  # what a form may weigh beside its files
_OF_MANY_FILES = ("portal.apply_attach", "portal.case_attach", "portal.case_correct")


def create_blueprint(portal: Portal, add_accounts: Callable[[Blueprint], None] | None = None) -> Blueprint:
    """Pages, style sheet and refusals in the look of the public pages. A site of its own keeps no accounts."""
    site = Blueprint("portal", __name__, url_prefix="/public", template_folder="templates", static_folder="static",
                     static_url_path="/static")

    @site.url_value_preprocessor
    def allow_files(endpoint: str | None, _values: object) -> None:
        files = FILES_AT_ONCE if endpoint in _OF_MANY_FILES else 1
        request.max_content_length = files * portal.desk.rules.max_bytes + BESIDE_FILE

    _add_guide(site, portal)
    _add_apply(site, portal)
    _add_case(site, portal)
    _add_tell(site, portal)
    _add_bulletins(site, portal)
    if add_accounts is not None:
        add_accounts(site)
    _add_refusals(site, portal)
    return site


def _add_guide(site: Blueprint, portal: Portal) -> None:
    guide = GuidePages(portal)
    site.add_url_rule("/", "home", guide.home)
    site.add_url_rule("/items/", "items", guide.listed)
    site.add_url_rule("/items/<code>/", "item", guide.item)
    site.add_url_rule("/check/", "check", lambda: ask_code(portal))
    site.add_url_rule("/check/<code>", "checked", lambda code: checked(portal, code))
    site.add_url_rule("/check/", "check_file", lambda: check_file(portal), methods=["POST"])


def _add_apply(site: Blueprint, portal: Portal) -> None:
    apply = ApplyPages(portal)
    site.add_url_rule("/apply/<code>/file/<sha256>/<int:page>", "apply_preview", apply.preview)
    for rule, name, view, method in (
            ("begin", "begin", apply.begin, "POST"), ("again", "again", apply.again, "POST"),
            ("", "form", apply.form, "GET"), ("", "keep", apply.keep, "POST"),
            ("materials/", "materials", apply.materials, "GET"), ("materials/", "attach", apply.attach, "POST"),
            ("materials/remove", "detach", apply.detach, "POST"),
            ("materials/earlier", "earlier", apply.earlier, "POST"), ("review/", "review", apply.review, "GET"),
            ("review/", "file", apply.file, "POST"), ("discard", "discard", apply.discard, "POST")):
        site.add_url_rule(f"/apply/<code>/{rule}", f"apply_{name}", view, methods=[method])


def _add_case(site: Blueprint, portal: Portal) -> None:
    case = CasePages(portal)
    correction = CorrectionPages(portal, case)
    site.add_url_rule("/case/paper/<code>/<kind>", "case_paper", case.paper)
    site.add_url_rule("/case/file/<sha256>/<int:page>", "case_file", case.preview)
    for rule, name, view, method in (
            ("case/", "case", case.show, "GET"), ("case/enter", "case_enter", case.enter, "POST"),
            ("case/leave", "case_leave", case.leave, "POST"), ("case/attach", "case_attach", correction.attach, "POST"),
            ("case/correct", "case_correct", correction.correct, "POST"),
            ("case/withdraw", "case_withdraw", case.withdraw, "POST"),
            ("case/hearing", "case_hearing", case.ask_hearing, "POST"),
            ("case/rate", "case_rate", case.rate, "POST")):
        site.add_url_rule(f"/{rule}", name, view, methods=[method])
    _add_pay(site, PayPages(portal, case))


def _add_pay(site: Blueprint, pay: PayPages) -> None:
    for rule, name, view, method in (
            ("case/pay", "case_pay", pay.pay, "POST"), ("pay/go", "pay_go", pay.go, "GET"),
            ("pay/sandbox/", "sandbox", pay.sandbox, "GET"),
            ("pay/sandbox/", "sandbox_decide", pay.decide, "POST"), ("pay/back", "paid", pay.back, "GET"),
            ("pay/notify", "pay_notify", pay.notify, "POST")):
        site.add_url_rule(f"/{rule}", name, view, methods=[method])


def _add_tell(site: Blueprint, portal: Portal) -> None:
    tell = TellPages(portal)
    site.add_url_rule('/tell/<any("consultation", "complaint"):kind>/', "tell", tell.form)
    site.add_url_rule('/tell/<any("consultation", "complaint"):kind>/', "told", tell.file, methods=["POST"])
    site.add_url_rule("/told/", "look", tell.look)
    site.add_url_rule("/told/", "found", tell.found, methods=["POST"])


def _add_bulletins(site: Blueprint, portal: Portal) -> None:
    pages = BulletinPages(portal)
    site.add_url_rule("/bulletins/", "bulletins", pages.listed)
    site.add_url_rule("/bulletins/<int:number>/", "bulletin", pages.one)
    site.add_url_rule("/bulletins/<int:number>/files/<kind>", "bulletin_file", pages.file)


def _add_refusals(site: Blueprint, portal: Portal) -> None:
    @site.get("/<path:_place>")
    def nowhere(_place: str) -> Response:
        """Flask asks the blueprint only for addresses it knows: without this, a wrong one would end on a page of the staff."""
        raise NotFoundPage

    @site.errorhandler(SupervisionError)
    def refused(error: SupervisionError) -> Response:
        response = page(portal, "refusal", error.status, words=sentence(error, portal.words()), may_switch=False)
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @site.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        t, code = portal.words(), error.code or 500
        if code < 400:
            return error.get_response()  # type: ignore[return-value]
        return page(portal, "refusal", code, words=t.first(f"error.status_{code}", "error.http"), may_switch=False)


def ask_code(portal: Portal) -> Response:
    """The form; a code typed into it gets the address the paper itself prints."""
    code = read_code(request.args.get("code", "")[:60])
    if code:
        return redirect(f"/public/check/{code}")  # type: ignore[return-value]
    return _check(portal)


def checked(portal: Portal, code: str) -> Response:
    """Kind, number, unit and day of a paper; the case number with its middle hidden; nothing about a person."""
    portal.limits.checks.spend(address())
    try:
        found = portal.desk.check(read_code(code[:60]))
    except NotFound:
        return _check(portal, 404, asked=read_code(code[:60]))
    return _check(portal, found=found, asked=found.code)


def check_file(portal: Portal) -> Response:
    """Whether a file is one we issued, unchanged. It is read and forgotten; the answer tells nothing about a person."""
    portal.limits.checks.spend(address())
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise InvalidInput("portal_file_missing")
        return _check(portal, verdict=portal.desk.check_file(sent.read()))
    except SupervisionError as refusal:
        return _check(portal, refusal.status, problem=sentence(refusal, portal.words()))


def _check(portal: Portal, status: int = 200, found: PaperFacts | None = None, asked: str = "",
           verdict: FileVerdict | None = None, problem: str = "") -> Response:
    return page(portal, "check", status, found=found, asked=asked, verdict=verdict, problem=problem,
                may_check_file="check_file" in portal.desk.offers)
