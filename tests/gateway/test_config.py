"""Settings: names, syntax, precedence, and the one line that a wrong value ends the start with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.addresses import Trust, client_ip, parse_trust
from gateway.config import Settings, rows
from gateway.config_load import load_settings, settings_from
from gateway.config_values import DURATION, SIZE, uncast
from gateway.cron import Cron
from schema_gen.errors import ConfigurationError

HERE = Path()


def test_nothing_set_serves_the_embedded_database() -> None:
    settings = load_settings({}, Path("/nonexistent"))
    assert settings == Settings()
    assert settings.database_url == "sqlite:///./data/causeway.sqlite"
    assert (settings.port, settings.max_payload_size) == (8055, 1024**2)
    assert settings.access_token_ttl == timedelta(minutes=15)
    assert settings.infer_relations is True


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PORT", "9000", "port", 9000),
        ("PORT", "number:9000", "port", 9000),
        ("MAX_PAYLOAD_SIZE", "10mb", "max_payload_size", 10 * 1024**2),
        ("MAX_PAYLOAD_SIZE", "1.5 KB", "max_payload_size", 1536),
        ("MAX_PAYLOAD_SIZE", "77", "max_payload_size", 77),
        ("REFRESH_TOKEN_TTL", "7d", "refresh_token_ttl", timedelta(days=7)),
        ("LOGIN_STALL_TIME", "500", "login_stall_time", timedelta(milliseconds=500)),
        ("LOGIN_STALL_TIME", "", "login_stall_time", timedelta(milliseconds=500)),
        ("ROOT_REDIRECT", "false", "root_redirect", None),
        ("MAX_BATCH_MUTATION", "Infinity", "max_batch_mutation", None),
        ("MAX_BATCH_MUTATION", "5", "max_batch_mutation", 5),
        (
            "CORS_ORIGIN",
            "https://a.example, https://b.example",
            "cors_origin",
            ("https://a.example", "https://b.example"),
        ),
        ("CORS_ORIGIN", "array:https://a.example", "cors_origin", ("https://a.example",)),
        ("CORS_ORIGIN", 'json:["https://a.example"]', "cors_origin", ("https://a.example",)),
        ("CORS_ORIGIN", "true", "cors_origin", ("*",)),
        ("CORS_ORIGIN", "false", "cors_origin", ()),
        ("CORS_ORIGIN", "*", "cors_origin", ("*",)),
        (
            "CORS_ORIGIN",
            "http://[::1]:3000,capacitor://localhost",
            "cors_origin",
            ("http://[::1]:3000", "capacitor://localhost"),
        ),
        (
            "CONTENT_SECURITY_POLICY_DIRECTIVES__FRAME_SRC",
            "array:'self',https://player.example",
            "content_security_policy_directives",
            (("frame-src", "'self' https://player.example"),),
        ),
        ("SECRET", "string:12345", "secret", "12345"),
        ("INFER_RELATIONS", "FALSE", "infer_relations", False),
        ("PRESSURE_LIMITER_RETRY_AFTER", "false", "pressure_limiter_retry_after", 1),
        ("REVISIONS_RETENTION", "false", "revisions_retention", None),
        ("EMAIL_TRANSPORT", "SMTP", "email_transport", "smtp"),
        ("EMAIL_TRANSPORT", "", "email_transport", None),
        (
            "USER_INVITE_URL_ALLOW_LIST",
            "https://a.example/x, app://b",
            "user_invite_url_allow_list",
            ("https://a.example/x", "app://b"),
        ),
        ("EMAIL_FROM", "My site <a@b.example>", "email_from", "My site <a@b.example>"),
        ("EMAIL_SMTP_PORT", "25", "email_smtp_port", 25),
        ("RETENTION_SCHEDULE", "0 30 1 * * *", "retention_schedule", Cron.parse("30 1 * * *")),
    ],
)
def test_values(variable: str, text: str, field: str, value: object) -> None:
    assert getattr(settings_from({variable: text}, HERE), field) == value


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("PORT", "abc", "PORT='abc' is not accepted: expected a whole number from 0 to 65535"),
        ("PORT", "70000", "PORT='70000'"),
        *(
            (name, "https://app.example.com/x,app.example.com/y", f"{name}='https://app.example.com/x,app")
            for name in (
                "PASSWORD_RESET_URL_ALLOW_LIST",
                "USER_INVITE_URL_ALLOW_LIST",
                "USER_REGISTER_URL_ALLOW_LIST",
            )
        ),
        *(
            (
                "EMAIL_TRANSPORT",
                name,
                f"EMAIL_TRANSPORT='{name}' is not accepted: expected smtp or sendmail (Mailgun and SES take",
            )
            for name in ("mailgun", "ses", "pigeon")
        ),
        ("EMAIL_FROM", "nobody", "EMAIL_FROM='nobody' is not accepted: expected a mail address, or a name"),
        (
            "MAX_PAYLOAD_SIZE",
            "10 lightyears",
            "MAX_PAYLOAD_SIZE='10 lightyears' is not accepted: expected a size such as",
        ),
        (
            "ACCESS_TOKEN_TTL",
            "soon",
            "ACCESS_TOKEN_TTL='soon' is not accepted: expected a duration such as 15m",
        ),
        ("ACCESS_TOKEN_TTL", "9" * 40, "ACCESS_TOKEN_TTL="),
        ("SESSION_COOKIE_SAME_SITE", "maybe", "expected one of lax, strict, none"),
        ("CORS_ENABLED", "perhaps", "CORS_ENABLED='perhaps' is not accepted: expected true or false"),
        ("CORS_ORIGIN", "regex:.*", "CORS_ORIGIN="),
        ("CORS_ORIGIN", "null", "CORS_ORIGIN="),
        ("CORS_ORIGIN", "https://a.example/", "CORS_ORIGIN="),
        ("CORS_ORIGIN", "https://*.example", "CORS_ORIGIN="),
        ("CORS_ORIGIN", "https://A.example", "CORS_ORIGIN="),
        ("CORS_ORIGIN", "https://u@a.example", "CORS_ORIGIN="),
        (
            "CONTENT_SECURITY_POLICY_DIRECTIVES__FRAME_SRC",
            "'self'; script-src *",
            "CONTENT_SECURITY_POLICY_DIRECTIVES=",
        ),
        ("CONTENT_SECURITY_POLICY_DIRECTIVES__", "x", "CONTENT_SECURITY_POLICY_DIRECTIVES="),
        ("DB_CLIENT", "oracledb", "DB_CLIENT='oracledb' is not accepted"),
        ("IMPORT_IP_DENY_LIST", "10.0.0.0/33", "IMPORT_IP_DENY_LIST='10.0.0.0/33' is not accepted"),
        (
            "CAUSEWAY_IMPORT_ALLOW_LIST",
            "10.0.0.1,media",
            "CAUSEWAY_IMPORT_ALLOW_LIST='10.0.0.1,media' is not",
        ),
        ("DB_CLIENT", "pg", "DB_DATABASE is missing"),
        ("DB_CONNECTION_STRING", "mysql://u:hunter2@h/d", "DB_CONNECTION_STRING is not accepted"),
        ("IP_TRUST_PROXY", "10.0.0.0/99", "IP_TRUST_PROXY="),
        (
            "SECRET_FILE",
            "no/such/file",
            "SECRET_FILE='no/such/file' cannot be read: No such file or directory",
        ),
        ("CONFIG_PATH", "no/such/file", "CONFIG_PATH='no/such/file' is not a file"),
        ("HASH_TYPE", "1", "HASH_TYPE='1'"),
    ],
)
def test_a_wrong_value_names_its_variable_in_one_line(variable: str, text: str, expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({variable: text}, HERE)
    line = str(caught.value)
    assert expected in line
    assert "\n" not in line
    assert "hunter2" not in line


def test_secrets_are_in_no_repr() -> None:
    settings = Settings(secret="hush", admin_password="hush", db_password="hush", admin_token="hush")
    assert "hush" not in repr(settings)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        'PORT=1111\nHOST="127.0.0.1" # local\nSECRET=from-file\nPUBLIC_URL=$HOME\n'
    )
    (tmp_path / "secret.txt").write_text("from-secret-file\n")
    settings = load_settings({"PORT": "2222", "SECRET_FILE": "secret.txt"}, tmp_path)
    assert (settings.port, settings.host, settings.secret) == (2222, "127.0.0.1", "from-secret-file")
    assert settings.public_url == "$HOME"


def test_a_value_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    with pytest.raises(ConfigurationError, match="SECRET and SECRET_FILE are both set"):
        load_settings({"SECRET": "y", "SECRET_FILE": "secret.txt"}, tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{"PORT": 3333, "CORS_ORIGIN": ["https://a.example"], "CORS_ENABLED": true}'),
        ("c.yaml", "PORT: 3333\nCORS_ORIGIN: [https://a.example]\nCORS_ENABLED: true\n"),
        ("c.env", "PORT=3333\nCORS_ORIGIN=https://a.example\nCORS_ENABLED=true\n"),
    ],
)
def test_config_path(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    settings = load_settings({"CONFIG_PATH": name}, tmp_path)
    assert (settings.port, settings.cors_origin, settings.cors_enabled) == (
        3333,
        ("https://a.example",),
        True,
    )


@pytest.mark.parametrize(("name", "text"), [("c.json", "[1]"), ("c.json", "{"), ("c.yaml", "a: [")])
def test_a_broken_file_is_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError, match="CONFIG_PATH="):
        load_settings({"CONFIG_PATH": name}, tmp_path)


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"DB_CLIENT": "sqlite3", "DB_FILENAME": "/tmp/a.db"}, "sqlite:////tmp/a.db"),
        ({"DB_CONNECTION_STRING": "postgres://u@h/d"}, "postgresql://u@h/d"),
        ({"DB_CLIENT": "pg", "DB_CONNECTION_STRING": "postgresql://u@h/d"}, "postgresql://u@h/d"),
        (
            {"DB_CLIENT": "pg", "DB_DATABASE": "shop", "DB_USER": "app", "DB_PASSWORD": "p@s/s"},
            "postgresql://app:p%40s%2Fs@localhost:5432/shop",
        ),
        (
            {"DB_CLIENT": "pg", "DB_DATABASE": "shop", "DB_HOST": "/run/postgresql"},
            "postgresql:///shop?host=%2Frun%2Fpostgresql",
        ),
        (
            {
                "DB_CLIENT": "pg",
                "DB_DATABASE": "d",
                "DB_HOST": "::1",
                "DB_SSL": "true",
                "DB_SEARCH_PATH": "a,b",
            },
            "postgresql://[::1]:5432/d?sslmode=verify-full",
        ),
    ],
)
def test_database_url(values: dict[str, str], url: str) -> None:
    assert settings_from(values, HERE).database_url == url


def test_contradicting_databases_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="DB_CLIENT='sqlite3' and DB_CONNECTION_STRING"):
        settings_from({"DB_CLIENT": "sqlite3", "DB_CONNECTION_STRING": "postgresql://u@h/d"}, HERE)


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, None),
        ({"REDIS": "unix:///run/redis.sock", "REDIS_HOST": "passed-over"}, "unix:///run/redis.sock"),
        ({"REDIS_HOST": "cache"}, "redis://cache:6379"),
        (
            {"REDIS_HOST": "::1", "REDIS_PORT": "6380", "REDIS_PASSWORD": "p@s/s"},
            "redis://:p%40s%2Fs@[::1]:6380",
        ),
        ({"REDIS_HOST": "h", "REDIS_USERNAME": "u", "REDIS_PASSWORD": "p"}, "redis://u:p@h:6379"),
    ],
)
def test_redis_url(values: dict[str, str], url: str | None) -> None:
    assert settings_from(values, HERE).redis_url == url


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"RATE_LIMITER_STORE": "redis"}, "RATE_LIMITER_STORE='redis' needs REDIS or REDIS_HOST"),
        ({"REDIS": "http://user:hush@cache"}, "REDIS is not accepted: expected redis://"),
        (
            {
                "RATE_LIMITER_ENABLED": "true",
                "RATE_LIMITER_GLOBAL_ENABLED": "1",
                "RATE_LIMITER_POINTS": "1001",
            },
            "RATE_LIMITER_GLOBAL_.* allows fewer",
        ),
    ],
)
def test_limits_that_cannot_be_are_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        settings_from(values, HERE)
    assert "hush" not in str(refused.value)


def test_every_setting_has_a_sentence_and_a_default_of_its_kind() -> None:
    for variable, row in rows():
        assert row.doc.endswith("."), variable
        field = variable.removesuffix("*").rstrip("_").lower()
        assert row.kind.parse(row.default) == getattr(Settings(), field), variable


@given(st.text(max_size=20))
def test_any_text_parses_or_is_a_value_error(text: str) -> None:
    parsers: dict[Callable[[str], object], type] = {
        DURATION.parse: timedelta,
        SIZE.parse: int,
        uncast: str,
        parse_trust: Trust,
    }
    for parse, kind in parsers.items():
        try:
            value = parse(text)
        except ValueError:
            continue
        assert isinstance(value, kind)


@pytest.mark.parametrize(
    ("trust", "peer", "forwarded", "expected"),
    [
        ("false", "10.0.0.1", "6.6.6.6", "10.0.0.1"),
        ("true", "10.0.0.1", "6.6.6.6, 203.0.113.9", "6.6.6.6"),
        ("1", "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("2", "10.0.0.1", "9.9.9.9, 6.6.6.6, 203.0.113.9", "6.6.6.6"),
        ("1", "10.0.0.1", None, "10.0.0.1"),
        ("1", "10.0.0.1", "evil<script>", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.0/8", "203.0.113.9", "6.6.6.6", "203.0.113.9"),
        ("true", "::1", "[2001:db8::1]:443", "2001:db8::1"),
        ("false", "::ffff:10.0.0.1", None, "10.0.0.1"),
        ("1", None, "198.51.100.7:1234", "198.51.100.7"),
    ],
)
def test_client_address(trust: str, peer: str | None, forwarded: str | None, expected: str) -> None:
    assert client_ip(parse_trust(trust), peer, forwarded) == expected
