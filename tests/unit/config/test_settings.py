"""Settings: where they come from, what is refused, and that secrets stay covered."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.documents import read_document
from config.settings import DEFAULTS, environment_name, is_secret, known_keys, load_settings
from core.errors import ConfigError

SECRET = "correct-horse-battery-staple-0123456789"


def test_every_setting_has_a_default_and_a_description() -> None:
    settings = load_settings()
    for key in known_keys():
        group, _, name = key.partition(".")
        assert type(getattr(settings, group)).model_fields[name].description, key


def test_the_defaults_file_holds_nothing_else() -> None:
    stated = [f"{group}.{name}" for group, values in read_document(DEFAULTS).data.items() for name in values]
    assert stated == known_keys()


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("server: {port: 1, host: a, admission_cap: 7}\n", encoding="utf-8")
    settings = load_settings({"server.port": 3}, file, {"YANGGUANG_SERVER__PORT": "2", "YANGGUANG_SERVER__HOST": "b"})
    assert (settings.server.port, settings.server.host, settings.server.admission_cap) == (3, "b", 7)
    assert settings.server.heartbeat_s == 5


def test_overrides_may_be_nested(tmp_path: Path) -> None:
    assert load_settings({"database": {"url": "sqlite:///x.db"}}).database.url == "sqlite:///x.db"


def test_the_environment_may_name_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("log: {level: DEBUG}\n", encoding="utf-8")
    assert load_settings(env={"YANGGUANG_CONFIG": str(file)}).log.level == "DEBUG"


def test_an_empty_variable_means_none() -> None:
    assert load_settings(env={"YANGGUANG_REDIS__URL": ""}).redis.url is None


def test_a_secret_is_read_from_the_file_its_variable_names(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    settings = load_settings(env={"YANGGUANG_JOURNAL__KEY_FILE": str(file)})
    assert settings.journal.key is not None
    assert settings.journal.key.get_secret_value() == SECRET


def test_secrets_and_addresses_with_passwords_are_never_printed() -> None:
    settings = load_settings({"journal.key": SECRET, "security.secret_key": SECRET,
                              "database.url": f"postgresql://user:{SECRET}@host/name",
                              "redis.url": f"redis://:{SECRET}@host/0"})
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


@pytest.mark.parametrize(("given", "key", "source"), [
    ({"overrides": {"server.prot": 1}}, "server.prot", "command line"),
    ({"overrides": {"sever.port": 1}}, "sever.port", "command line"),
    ({"env": {"YANGGUANG_SERVER__PROT": "1"}}, "server.prot", "YANGGUANG_SERVER__PROT"),
    ({"env": {"YANGGUANG_SERVER_PORT": "1"}}, "server_port", "YANGGUANG_SERVER_PORT"),
])
def test_an_unknown_key_is_refused_with_its_source_and_the_nearest_key(given: dict, key: str, source: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(**given)
    details = refusal.value.details
    assert (refusal.value.code, details["key"]) == ("setting_unknown", key)
    assert source in details["source"]
    assert "server.port" in details["remedy"]


def test_an_unknown_key_of_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("log:\n  level: INFO\n  colour: red\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_settings(file=file)
    assert refusal.value.details["source"] == f"{file}:3"


@pytest.mark.parametrize(("key", "value"), [
    ("server.port", "many"), ("server.port", 70000), ("sweep.interval_s", 0), ("ingest.batch_size", -1),
    ("log.level", "LOUD"), ("demo.start", "2026-03-02T08:00:00"), ("security.cookie_secure", "perhaps"),
    ("database.url", None), ("display.wall_rows", 51),
])
def test_a_wrong_value_is_refused_with_key_value_and_source(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings({key: value})
    details = refusal.value.details
    assert (refusal.value.code, details["key"], details["source"]) == ("setting_invalid", key, "command line")
    assert details["value"] == repr(value)
    assert details["problem"]
    assert details["remedy"]


def test_a_wrong_secret_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings({"journal.key": [SECRET]})
    assert SECRET not in str(refusal.value)


def test_a_misspelt_secret_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(env={"YANGGUANG_JOURNAL__KEYS": SECRET})
    assert SECRET not in str(refusal.value)


def test_an_unreadable_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="YANGGUANG_JOURNAL__KEY_FILE"):
        load_settings(env={"YANGGUANG_JOURNAL__KEY_FILE": str(tmp_path / "absent")})


def test_other_programs_variables_and_the_tests_own_are_left_alone() -> None:
    load_settings(env={"PATH": "/bin", "YANGGUANG_DATA": "x", "YANGGUANG_TEST_REQUIRE_SERVICES": "1"})


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        load_settings().server.port = 1


def test_names_of_variables_and_secrets() -> None:
    assert environment_name("server.port") == "YANGGUANG_SERVER__PORT"
    assert [key for key in known_keys() if is_secret(key)] == [
        "journal.key", "security.secret_key", "oidc.client_secret", "complaints.identity_key", "s3.secret_key",
        "applicants.key", "exchange.key",
        *(f"notices.{name}" for name in ("email_url", "sms_url", "sms_authorization", "webhook_url", "webhook_secret",
                                         "wecom_url", "dingtalk_url", "feishu_url"))]
