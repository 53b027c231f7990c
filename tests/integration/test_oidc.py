"""Staff sign in by a real OpenID provider on this machine, over HTTP and with its own keys; and all that may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from config.setting_groups import OidcSettings
from config.settings import load_settings
from core.access import Role
from core.clock import SystemClock
from core.errors import ConfigError, UpstreamError
from core.second_factor import code_at, new_salt
from dashboard.oidc import OidcClient
from tests.oidc_provider import CLIENT, SECRET, Provider
from tests.staff import SAME_ORIGIN, Site, csrf_of, make_site, sign_in

PAGE, BACK = "/sign-in/oidc/", "/sign-in/oidc/back"


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def site_with(folder: Path, provider: Provider, **more: Any) -> Site:
    return make_site(folder, oidc={"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, **more})


@pytest.fixture
def site(tmp_path: Path, provider: Provider) -> Site:
    return site_with(tmp_path, provider)


def to_provider(client: FlaskClient, address: str = PAGE) -> str:
    """Where the provider sends the browser back to."""
    led = client.get(address)
    assert led.status_code == 303, led.text
    answer = requests.get(led.headers["Location"], allow_redirects=False, timeout=5)
    parts = urlsplit(answer.headers["Location"])
    assert parts.netloc == "localhost"
    return f"{parts.path}?{parts.query}"


def come_back(client: FlaskClient, address: str = PAGE) -> Any:
    return client.get(to_provider(client, address))


def who(client: FlaskClient) -> str:
    answer = client.get("/session/")
    return str(answer.json["name"]) if answer.status_code == 200 else ""


def test_who_the_provider_vouches_for_is_in_with_the_rights_of_his_account(site: Site):
    client = site.client()
    answer = come_back(client, f"{PAGE}?next=/desk/?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/?lang=en")
    assert who(client) == "zhou"
    assert client.get("/people/").status_code == 403
    assert PAGE in client.get("/sign-in/?next=/wall/").text


def test_the_claims_give_no_right_and_make_no_account(site: Site, provider: Provider):
    provider.claims |= {"roles": ["administrator"], "groups": ["administrator"], "is_admin": True}
    client = site.client()
    come_back(client)
    assert site.services.accounts.get("zhou").roles == {Role.DUTY_OFFICER}
    provider.claims["preferred_username"] = "nobody-here"
    stranger = site.client()
    assert come_back(stranger).status_code == 401
    assert who(stranger) == ""
    assert site.services.accounts.find("nobody-here") is None


def test_a_deactivated_account_stays_out(site: Site):
    site.services.accounts.deactivate("zhou")
    answer = come_back(client := site.client())
    assert answer.status_code == 401
    assert "未在本系统开通" in answer.text
    assert who(client) == ""


LIES: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("iss", lambda claims: claims.update(iss="https://evil.example")), ("aud", lambda claims: claims.update(aud="another")),
    ("azp", lambda claims: claims.update(aud=[CLIENT, "another"])), ("exp", lambda claims: claims.update(exp=1)),
    ("exp", lambda claims: claims.pop("exp")), ("iat", lambda claims: claims.update(iat=claims["iat"] + 3600)),
    ("nonce", lambda claims: claims.update(nonce="of another attempt")), ("nonce", lambda claims: claims.pop("nonce")),
    ("sub", lambda claims: claims.pop("sub"))]


@pytest.mark.parametrize(("wrong", "lie"), LIES)
def test_a_token_that_is_not_for_this_sign_in_opens_nothing(site: Site, provider: Provider, wrong: str, lie: Any):
    provider.lie = lie
    answer = come_back(client := site.client())
    assert answer.status_code == 401
    assert f"（{wrong}）" in answer.text
    assert who(client) == ""


def test_a_token_signed_by_another_key_or_with_the_public_one_opens_nothing(site: Site, provider: Provider):
    provider.algorithm = "HS256"
    assert "（signature）" in come_back(site.client()).text
    provider.algorithm = "RS256"
    provider.change_key(published=False)
    assert "（signature）" in come_back(site.client()).text


def test_a_new_key_of_the_provider_is_fetched(site: Site, provider: Provider):
    assert come_back(site.client()).status_code == 303
    provider.change_key()
    assert come_back(site.client()).status_code == 303


def test_an_answer_counts_once_and_in_its_own_browser_only(site: Site):
    client, other = site.client(), site.client()
    answer = to_provider(client)
    assert other.get(answer).status_code == 401
    assert client.get(answer).status_code == 303
    assert client.get(answer).status_code == 401
    assert site.client().get(f"{BACK}?code=x&state=").status_code == 401


def test_a_code_stolen_from_another_browser_does_not_fit_the_verifier(site: Site):
    thief, victim = site.client(), site.client()
    stolen = parse_qs(urlsplit(to_provider(victim)).query)["code"][0]
    own = parse_qs(urlsplit(to_provider(thief)).query)["state"][0]
    answer = thief.get(f"{BACK}?code={stolen}&state={own}")
    assert answer.status_code == 401
    assert "invalid_grant" in answer.text


def test_what_the_provider_refuses_and_its_silence_are_said_in_words(site: Site, provider: Provider):
    provider.refuses = True
    assert "access_denied" in come_back(site.client()).text
    provider.is_down = True
    fresh = make_site(Path(site.services.settings.journal.anchor_dir).parent / "second",
                      oidc={"issuer": provider.issuer, "client_id": CLIENT})
    answer = fresh.client().get(PAGE)
    assert answer.status_code == 502
    assert "没有正确答复" in answer.text


def test_a_second_factor_here_is_not_passed_by_a_provider_without_one(site: Site, provider: Provider):
    accounts, salt = site.services.accounts, new_salt()
    key = accounts.factor_of("zhou", salt)
    accounts.set_factor("zhou", salt, code_at(key, SystemClock().now_us() // 30_000_000))
    assert "动态口令" in come_back(site.client()).text
    provider.claims["amr"] = ["pwd", "otp"]
    assert come_back(client := site.client()).status_code == 303
    assert who(client) == "zhou"


def test_who_comes_by_the_provider_need_not_change_a_password_others_set(site: Site):
    site.services.people.set_directly("zhou", password="given by a technician")
    come_back(client := site.client())
    assert client.get("/session/").status_code == 200


def test_local_sign_in_can_be_switched_off_and_only_with_a_provider(tmp_path: Path, provider: Provider):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    site = site_with(tmp_path / "a", provider, local_sign_in=False)
    client = site.client()
    page = client.get("/sign-in/?next=/desk/").text
    assert 'name="password"' not in page
    client.get("/sign-in/oidc/")
    with client.session_transaction() as session:
        session["csrf"] = "token"
    form = {"username": "zhou", "password": "yangguang-demo", "csrf": "token"}
    assert client.post("/sign-in/", data=form, headers=SAME_ORIGIN).status_code == 403
    assert come_back(client).status_code == 303
    alone = make_site(tmp_path / "b", oidc={"local_sign_in": False})
    assert sign_in(alone.app.test_client(), "zhou").status_code == 303
    assert csrf_of(alone.client())


def test_an_address_in_the_open_is_refused_at_the_start():
    for address in ("http://sso.example.org", "sso.example.org", "file:///etc/passwd"):
        with pytest.raises(ConfigError, match="oidc_address_invalid"):
            OidcClient(_settings(address), SystemClock())


def _settings(issuer: str) -> OidcSettings:
    return load_settings({"oidc.issuer": issuer, "oidc.client_id": CLIENT}).oidc


def test_what_comes_back_without_an_attempt_of_this_browser_counts_against_nobody(site: Site):
    client = site.client()
    for _ in range(30):
        assert client.get("/sign-in/oidc/back?code=x&state=y").status_code in (401, 403)
    assert sign_in(client, "zhou").status_code == 303


def test_a_silent_provider_is_left_alone_for_a_while(site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def silent(_self: Any, address: str) -> dict[str, Any]:
        asked.append(address)
        raise UpstreamError("oidc_unreachable")

    monkeypatch.setattr("dashboard.oidc.OidcClient._fetched", silent)
    for _ in range(3):
        site.client().get(PAGE)
    assert len(asked) == 1
