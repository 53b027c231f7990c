"""The one door of the whole web server: nothing is served that the table below does not allow.

The rule of a request is that of the route it matched, so a page, its data, its callbacks and its files share one. A
route without a rule is refused to everybody; tests/conventions/test_access.py walks all routes. The live channel does
not pass through Flask's routes: it asks `Gate.identify_live` when a client connects and before every command, and every
few seconds whether what its clients were let in by (`Gate.credential_of`) still holds.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from flask import Flask, Request, g, redirect, request
from flask.typing import ResponseReturnValue

from core.access import Actor, Role, require
from core.accounts import Accounts, Token
from core.clock import Clock
from core.errors import NotAuthenticated, NotPermitted, Unavailable
from core.instants import MINUTE_US
from core.read_tokens import PREFIX as READ_PREFIX
from core.read_tokens import Api, ReadTokens
from dashboard.forgery import check_same_site
from dashboard.sessions import SCREEN_TOKEN_PREFIX, Credential, Sessions
from web.characters import check_address, check_characters

WATCHERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})
WALL = WATCHERS | {Role.WALL_SCREEN}
FINDERS = frozenset({Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})
LOOKERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.LEADER})  # at what cameras recorded
STAFF = WATCHERS | {Role.DEPARTMENT_USER}
CONSENTERS = frozenset({Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.INSPECTOR, Role.ADMINISTRATOR})  # video/references.py
EVERYBODY = STAFF | {Role.APPROVAL_STAFF}
HOSTED = frozenset({Role.APPROVAL_STAFF, Role.DEPARTMENT_USER, Role.INSPECTOR, Role.LEADER})  # of them only staff act
EDITORS = frozenset({Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR})  # of rules: administrators edit, the others read
COMPARERS = frozenset({Role.INSPECTOR, Role.LEADER, Role.ADMINISTRATOR, Role.DEPARTMENT_USER})
LOCAL = ("127.0.0.1", "::1")
JUDGES = frozenset({Role.INSPECTOR, Role.LEADER})
EXPORTERS = frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})  # evaluation/exports/service.py
PASSWORD_PAGE, FACTOR_PAGE = "/account/password", "/account/second-factor"
OIDC_PAGE, OIDC_BACK = "/sign-in/oidc/", "/sign-in/oidc/back"
SESSIONS_PAGE, PEOPLES_SESSIONS = "/account/sessions", "/people/sessions/"
LEFT_OPEN = frozenset({PASSWORD_PAGE, "/sign-out/"})  # to who must change his password first
VISITOR = Actor("visitor", frozenset({Role.WALL_SCREEN}), display_name="访客")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a route. A path ending in * stands for everything below it; the longest match wins.

    `token` names the kind of bearer token that is accepted; `local` opens the route to this machine itself; `signed`: another
    server sends it, whose signature over the body as it was sent the route checks, and not a page of ours with a form token.
    `api` is the interface a token of kind read must be of; such a token reads and does nothing else.
    """

    path: str
    roles: frozenset[Role] = frozenset()
    public: bool = False
    token: str = ""
    local: bool = False
    signed: bool = False
    api: str = ""

    def covers(self, path: str) -> bool:
        return path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path


RULES = (
    Rule("/", public=True),                       # only ever redirects
    Rule("/sign-in/*", public=True),
    Rule("/assets/*", public=True),               # style sheets and fonts of the sign-in page; nothing private
    Rule("/public/*", public=True),               # the pages of applicants; a case through its own session only (portal)
    Rule("/public/pay/notify", public=True, signed=True),  # the payment gateway's server (portal/pay.py)
    Rule("/healthz", public=True),                # says "alive" and nothing else
    Rule("/readyz", roles=frozenset({Role.ADMINISTRATOR}), token="probe", local=True),
    Rule("/sign-out/", roles=EVERYBODY),
    Rule("/session/", roles=EVERYBODY),
    Rule("/account/password", roles=WALL | EVERYBODY),  # everybody his own; a screen or visitor has none (dashboard/http.py)
    Rule("/account/second-factor", roles=WALL | EVERYBODY),
    Rule("/account/sessions", roles=WALL | EVERYBODY),
    Rule("/wall/*", roles=WALL),
    Rule("/desk/*", roles=WATCHERS),
    Rule("/card/*", roles=STAFF),                 # a department user his own unit's cards
    Rule("/handover/*", roles=WATCHERS),
    Rule("/unit/*", roles=frozenset({Role.DEPARTMENT_USER})),
    Rule("/case/*", roles=EVERYBODY),             # a department user and staff their own unit's, and the hosted ones they see
    Rule("/comparison/*", roles=COMPARERS),       # a department user his own unit beside nameless others
    Rule("/counted/*", roles=COMPARERS),          # what is behind its figures: a department user his own unit's
    Rule("/scores/*", roles=COMPARERS),           # a department user his own unit's, once published (evaluation/scoring)
    Rule("/schemes/*", roles=EDITORS),            # inspectors and administrators edit, leaders read
    Rule("/forecast/*", roles=STAFF),             # a department user his own unit's cases
    Rule("/map/*", roles=EDITORS),                # areas are compared by whoever sees more than one unit
    Rule("/orders/*", roles=STAFF),
    Rule("/complaints/*", roles=STAFF),
    Rule("/api/v1/orders", roles=STAFF),          # a department user what was issued to his unit (supervision/orders)
    Rule("/api/v1/orders/*", roles=STAFF),
    Rule("/api/v1/papers", roles=STAFF),
    Rule("/api/v1/papers/*", roles=STAFF),
    Rule("/api/v1/complaints", roles=STAFF, token="feed"),  # other systems file; staff file and read (supervision/complaints)
    Rule("/api/v1/complaints/*", roles=STAFF),
    Rule("/api/v1/liabilities", roles=JUDGES),
    Rule("/api/v1/liabilities/*", roles=JUDGES),
    Rule("/api/v1/samples", roles=WATCHERS),
    Rule("/api/v1/samples/*", roles=WATCHERS),
    Rule("/api/v1/indicators", roles=STAFF, token="read", api=Api.FIGURES),
    Rule("/api/v1/figures/persons", roles=STAFF),  # whom the settings name (evaluation/persons.py)
    Rule("/api/v1/figures", roles=STAFF, token="read", api=Api.FIGURES),  # a department user his own unit's (evaluation)
    Rule("/api/v1/comparison", roles=COMPARERS, token="read", api=Api.COMPARISON),  # as the page: others without a name
    Rule("/api/v1/comparison/*", roles=COMPARERS, token="read", api=Api.COMPARISON),
    Rule("/history/*", roles=COMPARERS),          # a department user his own unit's, a person of an area its own
    Rule("/api/v1/history", roles=COMPARERS, token="read", api=Api.HISTORY),  # a question in progress its asker's alone
    Rule("/api/v1/history/*", roles=COMPARERS, token="read", api=Api.HISTORY),
    Rule("/api/v1/scores", roles=COMPARERS, token="read", api=Api.SCORES),  # each act asks for its own role
    Rule("/api/v1/scores/*", roles=COMPARERS, token="read", api=Api.SCORES),
    Rule("/api/v1/approval/lists/*", roles=frozenset({Role.APPROVAL_STAFF})),
    Rule("/api/v1/approval/flows/*", roles=HOSTED),
    Rule("/api/v1/approval/charges", roles=HOSTED),
    Rule("/api/v1/approval/cases", roles=HOSTED),  # acts by the posts held (approval/posts.py)
    Rule("/api/v1/approval/cases/*", roles=HOSTED),
    Rule("/api/v1/approval/cases/<case_no>/earlier", roles=frozenset({Role.APPROVAL_STAFF})),  # of other cases of its applicant
    Rule("/worklist/*", roles=frozenset({Role.APPROVAL_STAFF})),
    Rule("/window/*", roles=frozenset({Role.APPROVAL_STAFF})),
    Rule("/charges/*", roles=HOSTED),             # of the cases each may see
    Rule("/hosted/*", roles=HOSTED),              # only staff find acts there
    Rule("/feeds/*", roles=WATCHERS),
    Rule("/roster/*", roles=WATCHERS),
    Rule("/notices/*", roles=WATCHERS),
    Rule("/api/v1/openapi.json", public=True),    # the contract, for whoever builds a feed
    Rule("/api/v1/roster", roles=WATCHERS),       # read by all on watch; edited by administrators and shift leaders
    Rule("/api/v1/roster/*", roles=WATCHERS),
    Rule("/api/v1/notices", roles=WATCHERS),      # the delivery log
    Rule("/api/v1/notices/*", roles=WATCHERS),
    Rule("/api/v1/handovers", roles=WATCHERS),    # read by all on watch; each part acted by its officer
    Rule("/api/v1/handovers/*", roles=WATCHERS),
    Rule("/api/v1/inbox", roles=EVERYBODY),       # everybody his own
    Rule("/api/v1/inbox/*", roles=EVERYBODY),
    Rule("/api/v1/contacts", roles=WATCHERS),
    Rule("/api/v1/contacts/*", roles=WATCHERS),
    Rule("/api/v1/cards", roles=WALL | STAFF),    # a department user is shown his own unit's (alerts/http.py)
    Rule("/api/v1/cards/*", roles=WALL | STAFF),
    Rule("/api/v1/horn", roles=WATCHERS),         # silencing asks for more (alerts/room/audio.py)
    Rule("/api/v1/heartbeat", roles=frozenset({Role.ADMINISTRATOR}), token="probe", local=True),
    Rule("/health/*", roles=WATCHERS),
    Rule("/findings/*", roles=FINDERS),
    Rule("/footage/*", roles=LOOKERS),
    Rule("/api/v1/footage/*", roles=LOOKERS),
    Rule("/api/v1/footage/views", roles=STAFF),   # who sees a card sees its evidence (alerts/evidence.py)
    Rule("/api/v1/footage/clips/*", roles=STAFF),
    Rule("/rules/*", roles=EDITORS),
    Rule("/calendars/*", roles=EDITORS),
    Rule("/items/*", roles=EDITORS),
    Rule("/organisations/*", roles=EDITORS),
    Rule("/migrations/*", roles=EDITORS),
    Rule("/documents/*", roles=EDITORS),
    Rule("/api/v1/video/*", roles=WALL),          # who watches the halls, each the cameras of his area (video/rights.py)
    Rule("/api/v1/video/signals/<int:number>/picture.jpg", roles=WATCHERS),     # what a camera found; no wall sees it
    Rule("/api/v1/video/references/<int:number>/picture.jpg", roles=CONSENTERS),
    Rule("/signals/*", roles=WATCHERS),           # who is on duty decides, the others read (video/onsite/service.py)
    Rule("/cameras/*", roles=EDITORS),            # administrators register cameras, the others read
    Rule("/video-views/*", roles=frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})),
    Rule("/people/*", roles=frozenset({Role.ADMINISTRATOR})),
    Rule("/webhooks/*", roles=frozenset({Role.ADMINISTRATOR})),
    Rule("/audit/*", roles=frozenset({Role.ADMINISTRATOR, Role.INSPECTOR})),
    Rule("/bulletins/*", roles=STAFF),            # drafts for officers, what was issued for all (evaluation/bulletins)
    Rule("/api/v1/bulletins", roles=STAFF),
    Rule("/api/v1/bulletins/*", roles=STAFF),
    Rule("/api/v1/forecasts", roles=STAFF),       # a department user his own unit's (evaluation/forecast/queries.py)
    Rule("/api/v1/forecasts/*", roles=STAFF),
    Rule("/exports/*", roles=EXPORTERS),          # personal data for fewer (exports.personal_roles)
    Rule("/api/v1/webhooks", roles=frozenset({Role.ADMINISTRATOR}), token="admin"),  # each of his area
    Rule("/api/v1/webhooks/*", roles=frozenset({Role.ADMINISTRATOR}), token="admin"),
    Rule("/api/v1/exports", roles=EXPORTERS),     # everybody his own
    Rule("/api/v1/exports/*", roles=EXPORTERS),
    Rule("/api/v1/*", token="feed"),
)


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Failed sign-ins an address may make in a window of minutes; whether anybody may watch the wall (demo); and the largest
    body of a signed route."""

    sign_in_failures: int = 20
    sign_in_window_minutes: int = 5
    demo: bool = False
    signed_max_bytes: int = 16_384


class TooManyAttempts(Unavailable):
    """This address failed to sign in too often."""

    status = 429


class PasswordMustChange(NotPermitted):
    """Somebody else set this person's password: he is led to the page that changes it, and to nothing else."""

    def __init__(self) -> None:
        super().__init__("password_must_change")


class Gate:
    """Default deny in front of every route."""

    def __init__(self, accounts: Accounts, sessions: Sessions, clock: Clock, policy: GatePolicy,
                 rules: Iterable[Rule] = RULES, readers: ReadTokens | None = None) -> None:
        self._accounts, self.sessions, self.policy, self._readers = accounts, sessions, policy, readers
        self._rules = sorted(rules, key=lambda rule: -len(rule.path))
        self._of_route: dict[str, Rule] = {}  # as found before: every request asks
        self.failures = FailedAttempts(clock, policy)
        self.on_leave: Callable[[str], None] = lambda _name: None  # ends the live links of a person who signs out

    def install(self, server: Flask) -> None:
        self.sessions.install(server)
        server.before_request(self.check)

    def rule_of(self, path: str) -> Rule | None:
        return next((rule for rule in self._rules if rule.covers(path)), None)

    def check(self) -> ResponseReturnValue | None:
        """Let the request in (None), send it elsewhere, or raise NotAuthenticated or NotPermitted."""
        person = self.sessions.person()
        g.actor, g.token = self._without_person() if person is None else person.actor, None
        if request.path == "/wall/" and request.args.get("screen", "").startswith(SCREEN_TOKEN_PREFIX):
            return self._pair_screen(request.args["screen"])
        rule = self._rule_of_request()
        if rule.token and self._bears(rule):
            check_address(request)
            return None
        if person is not None and person.must_change and not rule.public and rule.path not in LEFT_OPEN:
            raise PasswordMustChange
        if not (rule.public or (rule.local and _is_local())):
            self._require(rule)
        if rule.signed:  # who reads the body as a form leaves the route nothing to check the signature over
            request.max_content_length = self.policy.signed_max_bytes
            check_address(request)
            return None
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            check_same_site(self.sessions.csrf_token())
        check_characters(request)
        return None

    def identify_live(self, _request: Request) -> Actor | None:
        """Who is behind a live link, whose cookie is as old as the link: it ends with the session, not by idleness.

        Raises PasswordMustChange.
        """
        person = self.sessions.person(live=True)
        if person is not None and person.must_change:
            raise PasswordMustChange
        return self._without_person() if person is None else person.actor

    def credential_of(self, _request: Request) -> Credential | None:
        """What that link is let in by; None for a demonstration's visitor, who has nothing to lose."""
        return self.sessions.credential()

    def _without_person(self) -> Actor | None:
        """The paired screen, or in a demonstration the visitor."""
        return self.sessions.screen() or (VISITOR if self.policy.demo else None)

    def _rule_of_request(self) -> Rule:
        route = request.url_rule.rule if request.url_rule is not None else None
        known = self._of_route.get(route) if route is not None else None
        if known is not None:
            return known
        matched = route or request.path
        rule = self.rule_of(matched)
        if rule is not None:
            if route is not None:  # there are so many and no more
                self._of_route[route] = rule
            return rule
        if request.url_rule is not None:
            raise NotPermitted("no_access_rule")
        # An address that does not exist: people signed in are told so, nobody else learns which ones do.
        return Rule(matched, roles=WALL | EVERYBODY)

    def _require(self, rule: Rule) -> None:
        roles = rule.roles
        if rule.token and not roles and g.actor is None:  # no program could follow the advice to sign in
            raise NotAuthenticated("token_required")
        is_only_screen = g.actor is not None and g.actor.roles == {Role.WALL_SCREEN}
        if is_only_screen and Role.WALL_SCREEN not in roles:
            raise NotAuthenticated("sign_in_required")
        require(g.actor, *roles)

    def _bears(self, rule: Rule) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        if rule.api:
            return self._reads(rule.api, given.strip())
        kind = rule.token
        token = self._accounts.find_token(kind, given.strip())
        if token is None:
            return False
        actor = _actor_of(token) if kind != "admin" else self._administrator(token.name)
        if actor is None:
            return False
        g.actor, g.token = actor, token
        return True

    def _reads(self, api: str, token: str) -> bool:
        """Whether a reader's token lets the request in; one that does not says why. It never does anything but read."""
        if self._readers is None or request.method not in ("GET", "HEAD") or not token.startswith(READ_PREFIX):
            return False
        check_address(request)  # before it is written down
        asked = request.full_path.rstrip("?")
        g.actor = self._readers.admit(token, api, asked, request.remote_addr or "")
        return True

    def _administrator(self, username: str) -> Actor | None:
        """Whose token it is, as he stands now: his area counts, of his roles this one, and nothing once he has it no more."""
        account = self._accounts.find(username)
        if account is None or not account.is_active or account.must_change or not account.actor.has(Role.ADMINISTRATOR):
            return None
        return replace(account.actor, roles=frozenset({Role.ADMINISTRATOR}))

    def _pair_screen(self, token: str) -> ResponseReturnValue:
        """The token leaves the address bar at once, so that it is neither bookmarked nor photographed."""
        response = redirect("/wall/")
        if not self.sessions.pair_screen(token, response):  # type: ignore[arg-type]
            raise NotAuthenticated("screen_token_unknown")
        return response


class FailedAttempts:
    """Failed sign-ins per address in a sliding window, in this process. Accounts have their own lock beside it."""

    _ADDRESSES_MAX = 10_000

    def __init__(self, clock: Clock, policy: GatePolicy) -> None:
        self._clock, self._limit = clock, policy.sign_in_failures
        self._window_us = policy.sign_in_window_minutes * MINUTE_US
        self._failures: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raises TooManyAttempts with the seconds to wait."""
        with self._lock:
            recent = self._recent(address)
            if len(recent) >= self._limit:
                wait_us = recent[0] + self._window_us - self._clock.now_us()
                raise TooManyAttempts("too_many_attempts", retry_after=max(1, wait_us // 1_000_000))

    def add(self, address: str) -> None:
        with self._lock:
            if len(self._failures) >= self._ADDRESSES_MAX and address not in self._failures:
                self._failures.pop(next(iter(self._failures)))
            self._failures.setdefault(address, deque(maxlen=self._limit)).append(self._clock.now_us())

    def _recent(self, address: str) -> deque[int]:
        recent = self._failures.get(address, deque())
        while recent and recent[0] <= self._clock.now_us() - self._window_us:
            recent.popleft()
        if not recent:
            self._failures.pop(address, None)
        return recent




def _actor_of(token: Token) -> Actor:
    return Actor(f"{token.kind}:{token.name}", frozenset(), display_name=token.name)


def _is_local() -> bool:
    return request.remote_addr in LOCAL and "X-Forwarded-For" not in request.headers
