"""The web server of one process: gate, pages, interfaces and the live channel on one Flask application."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from alerts import http as cards_http
from alerts.handover import http as handover_http
from alerts.notices import http as notices_http
from alerts.push import LivePush, PushParts
from alerts.room import http as room_http
from alerts.room.heartbeat import Heartbeat, call_outside
from alerts.roster import http as roster_http
from alerts.rules import PushRules
from approval import http as approval_http
from approval.payments.service import Payments
from bootstrap import Services
from config.settings import Settings
from core.access import Actor
from core.clock import SystemClock
from core.health import Check, Readiness
from core.instants import DAY_US
from core.scheduling import Job
from core.secret_files import secret_of
from dashboard import comparison_views
from dashboard import http as site
from dashboard.gate import Gate, GatePolicy
from dashboard.live_gauges import LiveGauges, OnDuty
from dashboard.pages import (
    audit,
    bulletins,
    calendars,
    cameras,
    card,
    case,
    charges,
    comparison,
    complaints,
    counted,
    desk,
    district_map,
    documents,
    exports,
    feeds,
    findings,
    footage,
    forecast,
    handover,
    health,
    history,
    hosted,
    items,
    migrations,
    notices,
    orders,
    organisations,
    people,
    roster,
    rules,
    schemes,
    scores,
    signals,
    unit,
    video_views,
    wall,
    webhooks,
    window,
    work,
)
from dashboard.sessions import SessionPolicy, Sessions
from dashboard.shell import ASSETS, mount
from dashboard.words import words_of
from evaluation import http as evaluation_http
from evaluation.bulletins import http as bulletins_http
from evaluation.comparing import http as comparison_http
from evaluation.exports import http as exports_http
from evaluation.forecast import http as forecast_http
from evaluation.history import http as history_http
from evaluation.scoring import http as scores_http
from evaluation.webhooks import http as webhooks_http
from exchanging import exchange_checks, inside_of
from feeds.http import events_blueprint
from paying import payment_checks, payments_of
from portal import http as portal_http
from portal.accounts.desk import AccountDesk
from portal.accounts.http import add_accounts
from portal.cookies import Cookies
from portal.direct import DirectDesk
from portal.limits import limits_of
from portal.parts import Portal
from portal.shelf import DirectShelf
from recording import footage_parts
from supervision import http as liability_http
from supervision.complaints import http as complaints_http
from supervision.orders import http as orders_http
from video import http as video_http
from video.footage import http as footage_http
from video.onsite import http as signals_http
from video.tickets import Tickets

# What the OpenAPI document tells beside the feeds; tests/conventions/test_openapi.py holds it to the routes.
OPERATIONS = tuple(one for module in (cards_http, notices_http, handover_http, roster_http, room_http, orders_http,
                                      complaints_http, liability_http, approval_http, video_http,
                                      signals_http, footage_http, evaluation_http, comparison_http, bulletins_http,
                                      exports_http, scores_http, forecast_http, history_http,
                                      webhooks_http) for one in module.OPERATIONS)
DAY_S, CALL_INTERVAL_S, SCREENS_KEPT_DAYS = 86_400.0, 60.0, 30
PAGES = (wall, desk, card, unit, handover, work, window, hosted, charges, case, comparison, counted, district_map, scores,
         schemes, bulletins, forecast, history, findings, footage, orders, complaints, roster, notices, rules, calendars, items,
         organisations, migrations, documents, signals, cameras, video_views, people, audit, exports, webhooks, feeds, health)
UNCHANGING = ("/assets/", "/healthz", "/readyz")
ROOT = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Server:
    """The Flask application and the live channel that is served with it."""

    app: Flask
    push: LivePush
    jobs: list[Job]


def build_server(services: Services, demo_duty: str = "") -> Server:
    """Everything people and other systems reach by HTTP and WebSocket."""
    app = Flask("yangguang", static_folder=None)
    app.before_request(lambda: _keep_current(services))
    app.config["MAX_CONTENT_LENGTH"] = services.settings.ingest.max_body_bytes
    gate = _gate(services)
    readiness, payments = Readiness(services.database, services.doorbell, SystemClock()), payments_of(services)
    site.install(app, services, gate, lambda: _checks(services, readiness, payments))
    heartbeat = _heartbeat(services, readiness)
    app.register_blueprint(cards_http.create_blueprint(
        services.alerts, services.alert_queries, lambda _request: _present_actor(), services.read_log))
    app.register_blueprint(cards_http.create_attachment_blueprint(
        services.attachments, services.alert_queries, services.read_log, lambda _request: _present_actor()))
    app.register_blueprint(handover_http.create_blueprint(
        services.handovers, services.handover_queries, lambda _request: _present_actor()))
    app.register_blueprint(notices_http.create_blueprint(
        services.notices.queries, services.notices.actions, lambda _request: _present_actor()))
    app.register_blueprint(roster_http.create_blueprint(
        services.roster, services.roster_service, services.clock, services.catalogue.default_area,
        lambda _request: _present_actor()))
    app.register_blueprint(events_blueprint(services.ingest, services.feed_queries, services.database, services.clock,
                                            services.delivery_reader, OPERATIONS))
    app.register_blueprint(room_http.create_blueprint(room_http.RoomParts(
        services.room.audio, services.room.clips, services.alert_queries, services.texts(services.settings.display.language),
        heartbeat, lambda _request: _present_actor())))
    _register_follow_up(app, services)
    app.register_blueprint(approval_http.create_blueprint(
        services.approval, services.follow_up.papers, services.read_log, lambda _request: _present_actor(),
        services.accounts.actor_of))
    app.register_blueprint(video_http.create_blueprint(_video_parts(services)))
    app.register_blueprint(footage_http.create_blueprint(footage_parts(services, lambda _request: _present_actor())))
    app.register_blueprint(signals_http.create_blueprint(signals_http.HttpParts(
        services.analysis.queries, services.video.views, services.analysis.machine, lambda _request: _present_actor())))
    app.register_blueprint(evaluation_http.create_blueprint(
        services.evaluation.queries, services.evaluation.persons, services.read_log.note, lambda _request: _present_actor()))
    app.register_blueprint(comparison_http.create_blueprint(_comparison_parts(services)))
    app.register_blueprint(history_http.create_blueprint(
        services.deep_history.questions, services.read_log.note, lambda _request: _present_actor()))
    app.register_blueprint(bulletins_http.create_blueprint(
        services.bulletins.service, services.bulletins.queries, services.read_log, lambda _request: _present_actor()))
    app.register_blueprint(exports_http.create_blueprint(
        services.exports.desk, services.exports.queries, lambda _request: _present_actor()))
    app.register_blueprint(scores_http.create_blueprint(
        services.scoring, services.clock.now_us, lambda _request: _present_actor()))
    app.register_blueprint(forecast_http.create_blueprint(services.forecasts.queries, lambda _request: _present_actor()))
    app.register_blueprint(webhooks_http.create_blueprint(
        services.webhooks.service, services.webhooks.queries, lambda _request: _present_actor()))
    app.register_blueprint(_public_pages(services, gate))
    for page in PAGES:
        mount(app, page, services)
    push = LivePush(_push_parts(services, gate, demo_duty))
    push.attach(app)
    gate.on_leave = push.disconnect_actor
    proxies = services.settings.server.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return Server(app, push, [Job("screens", DAY_S, lambda: _forget_screens(services, push), slot=True),
                              *_outside_calls(services, heartbeat)])


def _register_follow_up(app: Flask, services: Services) -> None:
    desk = services.follow_up
    app.register_blueprint(orders_http.create_blueprint(
        desk.orders, desk.order_queries, desk.papers, desk.register, services.read_log, services.clock.now_us,
        lambda _request: _present_actor(), services.catalogue.default_area))
    app.register_blueprint(complaints_http.create_blueprint(
        desk.complaints, desk.complaint_queries, services.read_log, services.clock.now_us, lambda _request: _present_actor()))
    app.register_blueprint(liability_http.create_blueprint(desk.liability, desk.samples, lambda _request: _present_actor()))


def _comparison_parts(services: Services) -> comparison_http.ComparisonParts:
    """The interface answers with what the page is drawn from."""
    return comparison_http.ComparisonParts(
        services.evaluation, lambda: comparison_views.today(services),
        lambda question, course: comparison_views.happened(services, question, course),
        lambda one, say: comparison_views.happening_words(services, one, say),
        lambda: words_of(services.texts, services.settings.display.language), services.read_log.note,
        lambda _request: _present_actor())


def _video_parts(services: Services) -> video_http.VideoParts:
    settings, registry, machine = services.settings, services.video, SystemClock()
    secret = secret_of(settings.security.secret_key, settings.security.secret_key_path)
    tickets = Tickets(secret, machine, settings.video.view_minutes)
    return video_http.VideoParts(
        registry.queries, registry.views, registry.snapshots, tickets, machine, lambda _request: _present_actor(),
        services.case_queries.org_name, settings.video.port, settings.video.public_url)


def _public_pages(services: Services, gate: Gate) -> Blueprint:
    settings = services.settings
    account = AccountDesk(services.applicants, secure=settings.security.cookie_secure, shows_codes=settings.demo.enabled)
    portal = _portal(services, gate, account)
    return portal_http.create_blueprint(portal, lambda site: add_accounts(site, portal, account))


def _portal(services: Services, gate: Gate, account: AccountDesk) -> Portal:
    settings, clock, desk = services.settings, SystemClock(), services.follow_up
    secret = secret_of(settings.security.secret_key, settings.security.secret_key_path).decode()
    zone = ZoneInfo(settings.areas.default_timezone)
    return Portal(
        bulletins=DirectShelf(services.bulletins, desk.register, services.evaluation.indicators, zone,
                              lambda: words_of(services.texts, settings.display.language)),
        desk=DirectDesk(inside_of(services)), complaint_rules=desk.rules.complaints, catalogue=services.catalogue,
        public_url=settings.portal.base_url,
        timezone=zone, secret=secret,
        payments=payments_of(services),
        cookies=Cookies(secret, clock, settings.portal.case_session_minutes, settings.approval.draft_kept_days,
                        secure=settings.security.cookie_secure),
        limits=limits_of(settings.portal, settings.applicants, clock),
        account=account,
        words=lambda: words_of(services.texts, settings.display.language), csrf=gate.sessions.csrf_token,
        is_demo=settings.demo.enabled)


def _checks(services: Services, readiness: Readiness, payments: Payments) -> list[Check]:
    """Of /readyz; those of exchange and payments ask the database, and are missing with it."""
    checks = readiness.checks()
    if any(check.name == "database" and not check.ok for check in checks):
        return checks
    return [*checks, *exchange_checks(services), *payment_checks(payments)]


def _heartbeat(services: Services, readiness: Readiness) -> Heartbeat:
    """Good news is at most three canaries old."""
    stale_after_s = 3 * services.settings.monitor.canary_interval_s
    return Heartbeat(services.database, SystemClock(), readiness.checks, stale_after_s)


def _outside_calls(services: Services, heartbeat: Heartbeat) -> list[Job]:
    monitor = services.settings.monitor
    if monitor.call_url is None:
        return []
    url = str(monitor.call_url)
    return [Job("outside_monitor", CALL_INTERVAL_S, lambda: call_outside(heartbeat, url, monitor.call_timeout_s), slot=True)]


def _forget_screens(services: Services, push: LivePush) -> None:
    """Screens not seen for a month are no longer ours."""
    push.screens.forget_before(services.clock.now_us() - SCREENS_KEPT_DAYS * DAY_US)


def build_id() -> str:
    """Names what is served, so that a screen notices a new release and reloads."""
    digest = hashlib.sha256()
    for path in sorted(path for path in ASSETS.rglob("*") if path.suffix in (".css", ".js", ".mjs")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _keep_current(services: Services) -> None:
    """Whoever asks for more than files of ours sees the versions other processes confirmed. Whether we are well is asked of a
    database that may be away, so that is left alone too."""
    if not request.path.startswith(UNCHANGING) and "/_dash-component-suites/" not in request.path:
        services.keep_current()


def _gate(services: Services) -> Gate:
    security = services.settings.security
    secret = secret_of(security.secret_key, security.secret_key_path).decode()
    policy = SessionPolicy(security.session_idle_minutes, security.session_hours, security.cookie_secure)
    sessions = Sessions(services.accounts, SystemClock(), policy, secret)
    limits = GatePolicy(security.sign_in_failures, security.sign_in_window_minutes, demo=services.settings.demo.enabled,
                        signed_max_bytes=services.settings.payments.notice_max_bytes)
    return Gate(services.accounts, sessions, SystemClock(), limits, readers=services.read_tokens)


def _push_parts(services: Services, gate: Gate, demo_duty: str) -> PushParts:
    settings = services.settings
    others = dict(services.languages)
    texts = others.pop(settings.display.language)
    duty = OnDuty(services.accounts, SystemClock(), settings.security.session_hours, demo_duty,
                  lambda: _planned(services))
    gauges = LiveGauges(services.case_queries, services.alert_queries, services.feed_queries, services.areas, services.clock,
                        texts, settings.display.wall_rows, duty, services.room, services.forecasts.queries, others)
    return PushParts(
        database=services.database, doorbell=services.doorbell, clock=services.clock, queries=services.alert_queries,
        service=services.alerts, alarms=services.alarms, writer=services.card_writer,
        actor_of=gate.identify_live, credential_of=gate.credential_of, holding=gate.sessions.holding, gauges=gauges,
        audio=services.room.audio, canary=services.room.canary_rules,
        rules=_push_rules(settings), build=build_id(), is_demo=settings.demo.enabled)


def _planned(services: Services) -> list[str] | None:
    """The names of those whom the roster has on duty in the room; None without a plan."""
    people = services.roster.planned_on_duty(services.clock.now_us(), services.catalogue.default_area)
    return None if people is None else [person.display_name for person in people]


def _present_actor() -> Actor | None:
    actor: Actor | None = g.get("actor")
    return actor


def _push_rules(settings: Settings) -> PushRules:
    server, push = settings.server, settings.push
    return PushRules(
        admission_cap=server.admission_cap, replay_max=push.replay_max, gauge_interval_s=push.gauge_interval_s,
        heartbeat_s=server.heartbeat_s, poll_interval_s=push.poll_interval_s, shown_within_s=push.shown_within_s,
        missed_max=push.missed_confirmations_max, ping_interval_s=server.ping_interval_s,
        ping_timeout_s=server.ping_timeout_s)
