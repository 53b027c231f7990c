"""Which gateway an installation has: a real platform, the sandbox, or none, where fees are paid at a window."""

from __future__ import annotations

from sqlalchemy import Table

from approval.payments.matters import Gateway, Order, Outcome
from approval.payments.open_platform import Methods, OpenPlatformGateway, PlatformRules
from approval.payments.rsa2 import Rsa2
from approval.payments.sandbox import SandboxGateway
from config.settings import Settings
from core.clock import Clock
from core.database import Database
from core.errors import ConfigError, Conflict, InvalidInput, UpstreamError

SANDBOX_PAGE = "/public/pay/sandbox/"
BACK, NOTIFY = "/public/pay/back", "/public/pay/notify"


class ClosedGateway:
    """Nobody pays here. Orders of a gateway there was before end unpaid; money it had taken cannot go back by itself."""

    def address(self, order: Order) -> str:
        raise Conflict("payment_not_online")

    def ask(self, order: Order) -> Outcome:
        return Outcome("unpaid")

    def close(self, order: Order) -> None:
        """There is nothing it could be paid at."""

    def read_notice(self, body: bytes) -> tuple[Order, Outcome]:
        raise InvalidInput("payment_notice_invalid")

    def give_back(self, order: Order) -> None:
        raise UpstreamError("payment_not_online")


def gateway_of(settings: Settings, secret: str, database: Database, table: Table, clock: Clock) -> Gateway:
    """As `payments.gateway` says. `table` is what the sandbox remembers in. Raises ConfigError for a platform of which
    something is not said."""
    name = settings.payments.gateway
    if name == "open_platform":
        return _platform(settings, clock)
    return ClosedGateway() if name == "none" else SandboxGateway(secret, SANDBOX_PAGE, database, table, clock)


def _platform(settings: Settings, clock: Clock) -> OpenPlatformGateway:
    given, base = settings.gateway, settings.portal.base_url
    if not (given.url and given.app_id and given.private_key_path and given.platform_key_path):
        raise ConfigError("gateway_incomplete",
                          remedy="set gateway.url, gateway.app_id, gateway.private_key_path and gateway.platform_key_path")
    methods = Methods(given.method_page, given.method_code, given.method_query, given.method_close, given.method_refund,
                      given.method_statement)
    rules = PlatformRules(
        str(given.url), given.app_id, given.mode, methods, f"{base}{BACK}", f"{base}{NOTIFY}", given.subject,
        settings.payments.order_minutes, given.timeout_s, given.receipt_member,
        dict(one.split("=", 1) for one in given.members.split()))
    return OpenPlatformGateway(rules, Rsa2(given.private_key_path, given.platform_key_path), clock)
