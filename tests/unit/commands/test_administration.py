"""migrate, account and token: what a technician does at the command line."""

from __future__ import annotations

import io

import pytest

from app import main
from bootstrap import build_services
from config.settings import load_settings
from core.access import Actor, Role


@pytest.fixture
def services(on_empty):
    """The installation in the current folder."""
    services = build_services(load_settings({"database.url": "sqlite:///record.db"}))
    yield services
    services.database.dispose()


@pytest.fixture
def accounts(services):
    return services.accounts


@pytest.fixture
def people(services):
    return services.people


@pytest.fixture
def type_in(monkeypatch):
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return typed


def test_a_token_is_shown_once_is_valid_and_can_be_revoked(on_empty, accounts):
    issued = on_empty("token", "feed", "hall")
    token = issued.out.strip()
    assert (issued.code, token.startswith("yg_feed_")) == (0, True)
    found = accounts.find_token("feed", token)
    assert found is not None
    assert (found.name, token in repr(accounts.list_tokens("feed"))) == ("hall", False)
    assert accounts.find_token("screen", token) is None
    assert on_empty("token", "feed", "hall", "--revoke").out == "1 tokens revoked\n"
    assert accounts.find_token("feed", token) is None


def test_an_account_is_created_with_the_password_typed_in_and_its_roles_changed_later(on_empty, accounts, type_in):
    type_in("correct horse battery\n")
    created = on_empty("account", "alice", "--name", "艾丽", "--role", "duty_officer")
    assert (created.code, created.out) == (0, "alice: duty_officer\n")
    assert accounts.authenticate("alice", "correct horse battery").display_name == "艾丽"
    changed = on_empty("account", "alice", "--role", "inspector", "--role", "leader")
    assert changed.out == "alice: inspector, leader\n"
    assert "horse" not in created.out + created.err


def test_what_the_command_line_does_to_accounts_stands_in_the_change_log(on_empty, people, type_in):
    type_in("correct horse battery\n")
    on_empty("account", "alice", "--name", "艾丽", "--role", "administrator")
    on_empty("account", "alice", "--org", "fagai")
    refused = on_empty("account", "alice", "--deactivate")
    lines = people.log(Actor("x", frozenset({Role.ADMINISTRATOR})))

    assert (refused.code, "last_administrator" in refused.err) == (1, True)
    assert [(line.actor, line.action, line.before.get("org"), line.after["org"]) for line in lines] == [
        ("command line", "set", "", "fagai"), ("command line", "set", None, "")]
    assert "horse" not in repr(lines)


@pytest.mark.parametrize(("arguments", "typed", "code"), [
    (("bob", "--role", "emperor"), "correct horse battery\n", "role_unknown"),
    (("bob", "--role", "inspector"), "short\n", "password_too_short"),
    (("bob",), "correct horse battery\n", "roles_missing"),
    (("Bob Bobson", "--role", "inspector"), "correct horse battery\n", "username_invalid"),
    (("bob", "--role", "department_user"), "correct horse battery\n", "department_user_needs_org")])
def test_an_account_that_cannot_be_is_refused_by_its_reason(on_empty, accounts, type_in, arguments, typed, code):
    type_in(typed)
    done = on_empty("account", *arguments)
    assert (done.code, code in done.err) == (1, True)
    assert list(accounts.list()) == []


def test_migrate_names_the_database_without_its_password(on_empty):
    done = on_empty("migrate")
    assert (done.code, done.out) == (0, "sqlite:///record.db has the newest schema\n")


def test_an_unsupported_database_is_refused(on_empty):
    done = on_empty("migrate", "--database", "mysql://u:secret@h/n")
    assert (done.code, "database_unsupported" in done.err, "secret" in done.err) == (1, True, False)


def test_an_unknown_command_and_a_missing_option_end_with_the_usage(capsys):
    for arguments in (["dance"], ["stats", "--limit", "own"], ["token", "bus", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        assert "usage: app.py" in capsys.readouterr().err


def test_every_command_explains_itself(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for command in ("run", "web", "worker", "demo", "import", "replay", "verify", "recount", "sweep", "anchor",
                    "export-journal", "heatmap", "stats", "explain", "migrate", "account", "token"):
        assert command in told


@pytest.fixture
def administrator(on_empty, type_in):
    type_in("correct horse battery\n")
    assert on_empty("account", "hu", "--role", "administrator").code == 0
    return "hu"


def test_a_readers_token_is_issued_by_an_administrator_listed_and_ended(on_empty, services, administrator):
    issued = on_empty("read-token", "issue", "portal", "--api", "figures", "--api", "scores", "--area", "360500", "--days", "5",
                      "--by", administrator)
    assert (issued.code, issued.out.startswith("yg_read_")) == (0, True)
    listed = on_empty("read-token", "list").out.splitlines()
    assert [line.split("\t")[:6] for line in listed] == [["portal", "valid", "figures,scores", "360500", "*", "hu"]]
    assert issued.out.strip() not in listed[0]
    admitted = services.read_tokens.admit(issued.out.strip(), "scores", "/", "")
    assert (admitted.name, admitted.area, admitted.has(Role.LEADER)) == ("read:portal", "360500", True)
    assert on_empty("read-token", "revoke", "portal", "--by", administrator).out == "1 tokens revoked\n"
    assert "\trevoked\t" in on_empty("read-token", "list").out


@pytest.mark.parametrize(("wrong", "code"), [
    (("--api", "all"), "read_token_apis"), (("--area", "1"), "read_token_area"), (("--org", "x"), "read_token_org"),
    (("--days", "1000"), "read_token_days"), (("--by", "nobody"), "token_not_of_administrator")])
def test_a_readers_token_that_cannot_be_is_refused(on_empty, administrator, wrong, code):
    refused = on_empty("read-token", "issue", "portal", "--api", "figures", "--by", administrator, *wrong)
    assert refused.code == 1
    assert code in refused.err
