"""The public site of its own (外网): the public pages on their own database, and the five questions the inside may ask.

Imports nothing that knows the database of the inside: tests/unit/exchange holds it to that.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, Response, jsonify, redirect, request, send_from_directory, session
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from approval.materials import MaterialRules, Materials, clamd_scanner
from approval.payments.gateways import gateway_of
from approval.payments.ledger import OrderLedger
from approval.payments.matters import rules_of
from approval.payments.service import Payments
from approval.previews import PreviewRules, Previews
from approval.stores import FolderStore
from config.catalogue import CITY_DIR, load_catalogue
from config.follow_up import FOLLOW_UP_DIR, ComplaintRules, load_follow_up
from config.settings import Settings
from config.texts import Texts, load_texts
from core.child import ChildLimits, Children
from core.clock import SystemClock
from core.database import Database
from core.errors import NotPermitted, SupervisionError
from core.migration import migrate
from core.secret_files import secret_of
from dashboard.forgery import check_same_site
from dashboard.headers import add_security_headers
from dashboard.words import Words, remember_language, words_of
from exchange.outer import http as exchange_http
from exchange.outer.bulletins import BulletinRules, Bulletins, Shelf
from exchange.outer.desk import MailboxDesk
from exchange.outer.drafts import OuterDrafts
from exchange.outer.files import OuterFiles
from exchange.outer.mirror import Mirror
from exchange.outer.models import payment_orders, sandbox_payments
from exchange.outer.queue import Queue, QueueRules
from exchange.outer.sweeping import Sweeping
from exchange.outer.unapplied import RetryRules, Unapplied
from exchange.parts import Parts
from exchange.signing import Signing, key_of
from papers.keys import KeyRing
from portal import http as portal_http
from portal.cookies import Cookies
from portal.limits import limits_of
from portal.parts import Portal
from portal.pay import NOTICE_PATH
from portal.visitors import NoAccounts
from web.characters import check_address, check_characters

ASSETS = Path(__file__).resolve().parent / "assets"
BESIDE_BATCH = 1024 * 1024
OPEN = frozenset({"/", "/healthz", "/assets/favicon.ico"})
OPEN_BELOW = ("/public/", "/exchange/v1/")  # the latter asks for a signature itself, as does NOTICE_PATH


@dataclass(frozen=True, slots=True)
class PublicSite:
    """The Flask application and what it stands on."""

    app: Flask
    database: Database
    queue: Queue
    drafts: OuterDrafts
    mirror: Mirror
    desk: MailboxDesk
    bulletins: Bulletins
    sweeping: Sweeping
    payments: Payments

    def tidy(self) -> None:
        """Once in a while: old drafts, envelopes fetched long ago, files nothing names."""
        self.drafts.forget_old()
        self.queue.tidy()
        self.desk.tidy()
        self.bulletins.forget_old()
        self.sweeping.sweep()


def build_public_site(settings: Settings) -> PublicSite:
    """Everything on the site's own database, migrated to the newest schema first. Raises ConfigError."""
    database = Database(settings.portal.database_url, pool_size=settings.database.pool_size,
                        busy_timeout_s=settings.database.busy_timeout_s)
    migrate(database, "migrations_outer")
    clock, secret = SystemClock(), secret_of(settings.security.secret_key, settings.security.secret_key_path).decode()
    materials = _materials(settings)
    files = _files(settings, materials)
    orders = OrderLedger(database, payment_orders, clock, rules_of(settings.payments))
    queue = Queue(database, clock, QueueRules(settings.exchange.waiting_max, settings.exchange.kept_days))
    unapplied = Unapplied(clock, RetryRules(settings.exchange.attempts_max, settings.exchange.backoff_s,
                                            settings.exchange.backoff_max_s))
    bulletins = Bulletins(database, materials, clock, BulletinRules(settings.exchange.bulletin_max_bytes,
                                                                    settings.exchange.bulletin_days))
    mirror = Mirror(database, clock, orders, unapplied, bulletins)
    drafts = OuterDrafts(database, materials, clock, settings.approval.draft_kept_days)
    complaint_rules = load_follow_up(settings.paths.follow_up_dir or FOLLOW_UP_DIR).complaints
    desk = MailboxDesk(database, queue, mirror, materials, files, drafts, clock,
                       ZoneInfo(settings.areas.default_timezone), complaint_rules)
    gateway = gateway_of(settings, secret, database, sandbox_payments, clock)
    payments = Payments(orders, gateway, lambda order, receipt_no: desk.pay(order.case_no, order, receipt_no), clock,
                        rules_of(settings.payments))
    app = _app(settings, secret)
    portal = _portal(settings, desk, database, materials, complaint_rules, payments, secret)
    app.register_blueprint(portal_http.create_blueprint(portal))
    given = settings.exchange
    app.register_blueprint(exchange_http.create_blueprint(exchange_http.ExchangeParts(
        Signing(key_of(given), clock, given.clock_skew_s), queue, mirror, materials,
        Parts(given.part_dir, materials.open), max(given.batch_bytes, exchange_http.CHUNK_MAX) + BESIDE_BATCH)))
    sweeping = Sweeping(database, materials.store, clock, settings.approval.draft_kept_days, given.kept_days)
    with database.transaction() as conn:
        unapplied.begin_again(conn)
    return PublicSite(app, database, queue, drafts, mirror, desk, bulletins, sweeping, payments)


def _materials(settings: Settings) -> Materials:
    given = settings.approval
    rules = MaterialRules(given.material_max_bytes, given.materials_per_case, tuple(given.material_types.split()),
                          given.materials_max_mib << 20)
    scan = clamd_scanner(given.clamd, given.clamd_timeout_s) if given.clamd else None
    return Materials(FolderStore(settings.portal.file_dir), rules, scan)


def _files(settings: Settings, materials: Materials) -> OuterFiles:
    given, limits = settings.approval, settings.papers
    children = Children(ChildLimits(limits.child_timeout_s, limits.child_memory_mib, limits.children_at_once))
    previews = Previews(materials.open, children, PreviewRules(given.preview_dir, given.preview_pages, given.preview_mib))
    materials.prepare = previews.prepare
    return OuterFiles(materials, previews, KeyRing(limits.key_dir, ""), children)


def _portal(settings: Settings, desk: MailboxDesk, database: Database, materials: Materials, complaint_rules: ComplaintRules,
            payments: Payments, secret: str) -> Portal:
    languages, clock, zone = load_texts(), SystemClock(), ZoneInfo(settings.areas.default_timezone)

    def texts(language: str) -> Texts:
        return languages.get(language, languages["zh"])

    def words() -> Words:
        return words_of(texts, settings.display.language)

    return Portal(
        desk=desk, bulletins=Shelf(database, materials, zone, words), complaint_rules=complaint_rules,
        catalogue=load_catalogue(settings.paths.city_dir or CITY_DIR), timezone=zone,
        cookies=Cookies(secret, clock, settings.portal.case_session_minutes, settings.approval.draft_kept_days,
                        secure=settings.security.cookie_secure),
        limits=limits_of(settings.portal, settings.applicants, clock), account=NoAccounts(), secret=secret,
        payments=payments, public_url=settings.portal.base_url,
        words=words, csrf=_csrf, is_demo=settings.demo.enabled, has_staff=False)


def _app(settings: Settings, secret: str) -> Flask:
    """Headers, gate and the few addresses beside the pages."""
    app = Flask("yangguang-public", static_folder=None)
    app.secret_key = secret
    app.config.update(MAX_CONTENT_LENGTH=settings.ingest.max_body_bytes, SESSION_COOKIE_NAME="yangguang_public",
                      SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
                      SESSION_COOKIE_SECURE=settings.security.cookie_secure)
    add_security_headers(app, over_https=settings.security.cookie_secure)
    app.before_request(lambda: _gate(settings.payments.notice_max_bytes))
    remember_language(app)
    app.register_error_handler(SupervisionError, _refusal)
    app.add_url_rule("/", "home", lambda: redirect("/public/"))
    app.add_url_rule("/healthz", "alive", lambda: Response("ok\n", mimetype="text/plain"))
    app.add_url_rule("/assets/favicon.ico", "icon", lambda: send_from_directory(ASSETS, "favicon.ico"))
    proxies = settings.server.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def _gate(notice_max_bytes: int) -> None:
    """Default deny: what is neither listed nor below a listed place is nobody's. Forms must come from our own pages."""
    rule = request.url_rule.rule if request.url_rule is not None else ""
    if rule and rule not in OPEN and not rule.startswith(OPEN_BELOW):
        raise NotPermitted("no_access_rule")
    if rule.startswith(OPEN_BELOW[1]):  # what the inside tells was looked at where it came in
        check_address(request)
        return
    if rule == NOTICE_PATH:  # its signature is over the body as it was sent, so nothing before the view reads that
        request.max_content_length = notice_max_bytes
        check_address(request)
        return
    check_same_site(_csrf())
    check_characters(request)


def _csrf() -> str:
    """The token every form of this browser must carry."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
    return str(session["csrf"])


def _refusal(error: SupervisionError) -> ResponseReturnValue:
    """Outside the pages, which speak for themselves."""
    response = jsonify(error.as_problem())
    response.mimetype = "application/problem+json"
    return response, error.status
