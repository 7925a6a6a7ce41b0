"""Settings: what the environment says, as one frozen, typed value. The table of settings is the class itself.

    environment + .env  ->  gateway.config_load  ->  Settings

Each field is one setting; its variable is the field's name in upper case (`access_token_ttl` is
ACCESS_TOKEN_TTL), its metadata hold the default as one would write it, the kind of value and the sentence for
docs/reference/configuration.md. Names, defaults and value syntax are those of the Directus protocol, apart
from safer defaults that the sentences say, and from our own settings (CAUSEWAY_*, INFER_RELATIONS,
GRAPHQL_ALIAS_LIMIT, GRAPHQL_COST_LIMIT).

A value that is not accepted ends the start: `ConfigurationError` with one line that names the variable. The
values of secrets are in no message and in no repr.
"""

# The calls in field defaults only make the fields.
# ruff: noqa: RUF009

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from gateway.addresses import TRUST, Trust
from gateway.config_values import (
    ADDRESSES,
    CRON,
    CSV,
    DURATION,
    FLAG,
    NAMED,
    ORIGINS,
    SENDER,
    SIZE,
    TEXT,
    URLS,
    Kind,
    choice,
    integer,
    optional,
    or_word,
)
from gateway.cron import Cron
from gateway.page_policy import DIRECTIVES, Directive
from schema_gen.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the reference table. `default` is text as in the environment; "" means: not set.

    `members`: not one variable but all that begin with its name and this; the kind gets them as one object.
    """

    section: str
    default: str
    kind: Kind[Any]
    doc: str
    secret: bool
    members: str | None


def _section(title: str) -> Any:
    """A function that declares settings of one section; typed Any so that each field states its own type."""

    def setting(
        default: str, kind: Kind[Any], doc: str, *, secret: bool = False, members: str | None = None
    ) -> Any:
        row = Setting(section=title, default=default, kind=kind, doc=doc, secret=secret, members=members)
        return field(default=kind.parse(default), repr=not secret, metadata={"setting": row})

    return setting


_server = _section("Server")
_database = _section("Database")
_query = _section("Query limits")
_token = _section("Tokens and cookies")
_hash = _section("Password hashing")
_security = _section("Security headers and addresses")
_cors = _section("CORS")
_users = _section("Invitations, registration, lost passwords")
_pressure = _section("Overload")
_rate = _section("Rate limits")
_redis = _section("Redis")
_graphql = _section("GraphQL")
_mail = _section("Mail")
_files = _section("Files")
_assets = _section("Assets")
_log = _section("Logs and health")
_retention = _section("Retention")
_bootstrap = _section("Bootstrap")

_SAME_SITE: Final = choice("lax", "strict", "none")
_SECURE: Final = choice("auto", "true", "false")
_ORIGINS: Final = or_word(or_word(ORIGINS, "true", ("*",)), "false", ())
_UNBOUNDED: Final = or_word(integer(1), "Infinity", None)
_KEPT: Final = or_word(DURATION, "false", None)
_REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")
_TRANSPORT: Final = Kind(
    name="smtp \\| sendmail",
    accepts="smtp or sendmail (Mailgun and SES take mails over smtp, too)",
    parse=choice("smtp", "sendmail").parse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Sizes are bytes; `None` means unset, or no bound."""

    host: str = _server("0.0.0.0", TEXT, "Address to listen on.")  # noqa: S104
    port: int = _server("8055", integer(0, 65535), "Port to listen on; 0 takes a free one.")
    public_url: str = _server("/", TEXT, "Where clients reach this server; `https` makes cookies secure.")
    root_redirect: str | None = _server(
        "./graphql",
        or_word(TEXT, "false", None),
        "Where `GET /` leads; `false` answers 404. There is no `./admin` yet.",
    )
    robots_txt: str = _server("User-agent: *\nDisallow: /", TEXT, "Body of `/robots.txt`.")
    max_payload_size: int = _server("1mb", SIZE, "Largest request body; above it 413.")
    server_shutdown_timeout: timedelta = _server(
        "1000", DURATION, "How long requests in flight may take to end when the server stops."
    )
    causeway_keep_alive: timedelta = _server(
        "75s",
        DURATION,
        "How long a connection may wait for its next request; longer than a proxy in front keeps it.",
    )
    causeway_body_timeout: timedelta = _server(
        "10s", DURATION, "How long a request body may take to arrive; then 408."
    )
    openapi_enabled: bool = _server("true", FLAG, "Answer `/server/specs/oas`.")

    db_client: str | None = _database(
        "",
        optional(choice("sqlite3", "pg", "postgres", "postgresql")),
        "`sqlite3` or `pg`; not set: what DB_CONNECTION_STRING says, else SQLite.",
    )
    db_filename: str = _database(
        "./data/causeway.sqlite", TEXT, "SQLite: the file. Made by `causeway bootstrap`."
    )
    db_connection_string: str | None = _database(
        "", optional(TEXT), "`postgresql://user:password@host:port/name` or `sqlite:///file`.", secret=True
    )
    db_host: str = _database("localhost", TEXT, "PostgreSQL: host, or the directory of its socket.")
    db_port: int = _database("5432", integer(1, 65535), "PostgreSQL: port.")
    db_database: str | None = _database("", optional(TEXT), "PostgreSQL: name of the database.")
    db_user: str | None = _database("", optional(TEXT), "PostgreSQL: user.")
    db_password: str | None = _database("", optional(TEXT), "PostgreSQL: password.", secret=True)
    db_ssl: bool = _database("false", FLAG, "PostgreSQL: demand TLS.")
    db_ssl__reject_unauthorized: bool = _database(
        "true", FLAG, "PostgreSQL with DB_SSL: verify certificate and host."
    )
    db_ssl__ca_file: str | None = _database(
        "", optional(TEXT), "PostgreSQL with DB_SSL: file with the certificate of the authority."
    )
    db_search_path: tuple[str, ...] = _database(
        "", CSV, "PostgreSQL: schemas to look in, the first one is served."
    )
    db_pool__min: int = _database(
        "2", integer(0, 1000), "PostgreSQL: connections each worker opens at the start."
    )
    db_pool__max: int = _database("10", integer(1, 1000), "PostgreSQL: most connections of each worker.")
    db_exclude_tables: tuple[str, ...] = _database(
        "spatial_ref_sys,sysdiagrams", CSV, "Tables that are not served."
    )
    db_healthcheck_threshold: int = _database(
        "150", integer(1), "Milliseconds of a database answer above which health warns."
    )
    causeway_sqlite_readers: int = _database(
        "2", integer(1, 64), "SQLite: reading connections of each worker."
    )
    infer_relations: bool = _database(
        "true", FLAG, "Foreign keys without metadata show the reverse relation on the other side."
    )

    cache_schema: bool = _database(
        "true",
        FLAG,
        "`false`: every request looks at tables and metadata anew, which costs it some milliseconds.",
    )

    query_limit_default: int = _query("100", integer(-1), "Items of a list when no limit is given; -1: all.")
    query_limit_max: int = _query(
        "50000",
        integer(-1),
        "Most items of any list, nested ones too, and what `limit=-1` gives; -1: no bound.",
    )
    max_relational_depth: int = _query("10", integer(2), "Deepest relation in fields, filter, sort and deep.")
    max_json_query_depth: int = _query("10", integer(1), "Deepest path in `json()` and `_json`.")
    max_batch_mutation: int | None = _query(
        "Infinity", _UNBOUNDED, "Most items of one create, update or delete."
    )
    querystring_max_parse_depth: int = _query(
        "10", integer(1, 100), "Deepest bracket nesting in a query string."
    )
    querystring_array_limit: int = _query("500", integer(1), "Most elements of an array in a query string.")

    secret: str | None = _token(
        "",
        optional(TEXT),
        "Signs tokens; at least 32 bytes. Not set: made once and kept beside the SQLite file (mode 0600), "
        "or random at each start on PostgreSQL.",
        secret=True,
    )
    access_token_ttl: timedelta = _token("15m", DURATION, "Life of an access token.")
    refresh_token_ttl: timedelta = _token("7d", DURATION, "Life of a refresh token.")
    refresh_token_cookie_name: str = _token("directus_refresh_token", TEXT, "Cookie of the refresh token.")
    refresh_token_cookie_secure: str = _token(
        "auto", _SECURE, "`auto`: when PUBLIC_URL, or a trusted proxy, says https."
    )
    refresh_token_cookie_same_site: str = _token("lax", _SAME_SITE, "SameSite of that cookie.")
    refresh_token_cookie_domain: str | None = _token("", optional(TEXT), "Domain of that cookie.")
    session_cookie_ttl: timedelta = _token("1d", DURATION, "Life of a session.")
    session_cookie_name: str = _token("directus_session_token", TEXT, "Cookie of the session.")
    session_cookie_secure: str = _token(
        "auto", _SECURE, "`auto`: when PUBLIC_URL, or a trusted proxy, says https."
    )
    session_cookie_same_site: str = _token("lax", _SAME_SITE, "SameSite of that cookie.")
    session_cookie_domain: str | None = _token("", optional(TEXT), "Domain of that cookie.")
    session_refresh_grace_period: timedelta = _token(
        "10s",
        DURATION,
        "How long a session that was just refreshed stays good for requests already under way.",
    )
    login_stall_time: timedelta = _token(
        "500", DURATION, "Least time of a refused login, and of asking for a new password."
    )
    auth_disable_default: bool = _token("false", FLAG, "Refuse login by mail and password.")
    causeway_access_ttl: timedelta = _token(
        "1s", DURATION, "How long rights may be remembered when rows were changed behind the server's back."
    )

    user_invite_token_ttl: timedelta = _users("7d", DURATION, "Life of the link in an invitation.")
    user_invite_url_allow_list: tuple[str, ...] = _users(
        "", URLS, "Where links of invitations may lead besides our own page; query and fragment are free."
    )
    email_verification_token_ttl: timedelta = _users(
        "7d", DURATION, "Life of the link that confirms a registration."
    )
    user_register_url_allow_list: tuple[str, ...] = _users(
        "", URLS, "The same for links that confirm registrations."
    )
    register_stall_time: timedelta = _users("750", DURATION, "Least time of a registration.")
    causeway_password_reset_token_ttl: timedelta = _users(
        "1d", DURATION, "Life of the link to a new password."
    )
    password_reset_url_allow_list: tuple[str, ...] = _users("", URLS, "The same for links to a new password.")

    hash_type: int = _hash("2", integer(2, 2), "argon2id; nothing weaker is made.")
    hash_memory_cost: int = _hash(
        "65536", integer(8192), "KiB of memory for one hash. The protocol's 4096 is low."
    )
    hash_time_cost: int = _hash("3", integer(1), "Rounds.")
    hash_parallelism: int = _hash("4", integer(1, 64), "Lanes.")
    hash_length: int = _hash("32", integer(16, 128), "Bytes of the hash.")

    ip_trust_proxy: Trust = _security(
        "false",
        TRUST,
        "Who may say X-Forwarded-For: `false`, `true`, a number of proxies, or addresses and networks (CSV).",
    )
    ip_custom_header: str | None = _security(
        "false", or_word(TEXT, "false", None), "Header with the client's address, set by your proxy."
    )
    hsts_enabled: bool = _security("false", FLAG, "Send Strict-Transport-Security.")
    hsts_max_age: timedelta = _security("180d", DURATION, "Its max-age.")
    hsts_include_sub_domains: bool = _security("true", FLAG, "Its includeSubDomains.")
    hsts_preload: bool = _security("false", FLAG, "Its preload.")
    content_security_policy_directives: tuple[Directive, ...] = _security(
        "",
        DIRECTIVES,
        "What pages may load, beside what ours need: `CONTENT_SECURITY_POLICY_DIRECTIVES__FRAME_SRC` for "
        "`frame-src`, and so on; `false` takes a directive away. Replies that are no pages allow nothing.",
        members="__",
    )
    cross_origin_opener_policy_enabled: bool = _security("true", FLAG, "Send Cross-Origin-Opener-Policy.")
    cross_origin_opener_policy_policy: str = _security(
        "same-origin-allow-popups",
        choice("unsafe-none", "same-origin-allow-popups", "same-origin", "noopener-allow-popups"),
        "Its value.",
    )

    cors_enabled: bool = _cors("false", FLAG, "Answer other origins.")
    cors_origin: tuple[str, ...] = _cors(
        "false",
        _ORIGINS,
        "Exact origins, as `https://app.example.com`; `true`: every origin, and then never with credentials.",
    )
    cors_methods: tuple[str, ...] = _cors(
        "GET,POST,PATCH,DELETE,SEARCH", CSV, "Allowed methods; SEARCH is among them."
    )
    cors_allowed_headers: tuple[str, ...] = _cors(
        "Content-Type,Authorization", CSV, "Allowed request headers."
    )
    cors_exposed_headers: tuple[str, ...] = _cors(
        "Content-Range", CSV, "Reply headers that scripts may read."
    )
    cors_credentials: bool = _cors("true", FLAG, "Allow cookies, for the origins named exactly.")
    cors_max_age: int = _cors("18000", integer(0), "Seconds that a preflight answer may be kept.")

    pressure_limiter_enabled: bool = _pressure("true", FLAG, "Answer 503 with Retry-After under pressure.")
    pressure_limiter_sample_interval: timedelta = _pressure(
        "250", DURATION, "How often the event loop is measured."
    )
    pressure_limiter_max_event_loop_delay: timedelta | None = _pressure(
        "500", or_word(DURATION, "false", None), "Lateness of the event loop that counts as pressure."
    )
    pressure_limiter_max_event_loop_utilization: str = _pressure(
        "false",
        choice("false"),
        "Not measured: a worker that is busy all the time still serves. Lateness tells.",
    )
    pressure_limiter_max_memory_rss: int | None = _pressure(
        "false", or_word(SIZE, "false", None), "Resident memory of a worker that counts as pressure."
    )
    pressure_limiter_retry_after: int = _pressure(
        "1", or_word(integer(1), "false", 1), "Seconds in the Retry-After header."
    )
    causeway_max_requests: int = _pressure(
        "500", integer(1), "Requests a worker handles at once; more are answered 503."
    )
    causeway_max_connections: int = _pressure(
        "5000", integer(1), "Open connections of a worker, as far as the system's limit on files allows."
    )

    rate_limiter_store: str = _rate(
        "memory",
        choice("memory", "redis"),
        "Where these limits and the tries of logins are counted: `memory`, in each worker for itself, or "
        "`redis`, for all workers together.",
    )
    rate_limiter_enabled: bool = _rate("false", FLAG, "Bound the requests of each address; more get 429.")
    rate_limiter_points: int = _rate("50", integer(1), "Requests of an address in the duration.")
    rate_limiter_duration: int = _rate("1", integer(1), "That duration, in seconds.")
    rate_limiter_global_enabled: bool = _rate(
        "false", FLAG, "Bound the requests of all addresses together; more get 429."
    )
    rate_limiter_global_points: int = _rate("1000", integer(1), "Requests of all in the duration.")
    rate_limiter_global_duration: int = _rate("1", integer(1), "That duration, in seconds.")
    rate_limiter_registration_enabled: bool = _rate("true", FLAG, "Bound how often somebody may register.")
    rate_limiter_registration_points: int = _rate("5", integer(1), "Registrations in the duration.")
    rate_limiter_registration_duration: int = _rate("60", integer(1), "That duration, in seconds.")
    rate_limiter_email_enabled: bool = _rate("false", FLAG, "Bound how many mails go out.")
    rate_limiter_email_points: int = _rate("60", integer(1), "Mails in the duration.")
    rate_limiter_email_duration: int = _rate("60", integer(1), "That duration, in seconds.")

    redis: str | None = _redis(
        "",
        optional(TEXT),
        "`redis://user:password@host:port/number`, `rediss://` for TLS, or `unix:///path/of/the/socket`.",
        secret=True,
    )
    redis_host: str | None = _redis("", optional(TEXT), "Host, where REDIS is not set.")
    redis_port: int = _redis("6379", integer(1, 65535), "Port.")
    redis_username: str | None = _redis("", optional(TEXT), "User.")
    redis_password: str | None = _redis("", optional(TEXT), "Password.", secret=True)

    graphql_introspection: bool = _graphql("true", FLAG, "Answer `__schema` and `__type`.")
    graphql_query_token_limit: int = _graphql("5000", integer(1), "Most tokens of a document.")
    graphql_schema_cache_capacity: int = _graphql(
        "100", integer(1), "Pruned schemas kept, one for each set of rules."
    )
    graphql_schema_generation_max_concurrent: int = _graphql(
        "5", integer(1), "Schemas built at the same time."
    )
    graphql_alias_limit: int = _graphql(
        "50", integer(1), "Most aliases side by side in one selection, fragments spread out."
    )
    graphql_cost_limit: int = _graphql("5000", integer(1), "Most fields of a document, fragments spread out.")
    graphql_single_use_mutations: tuple[str, ...] = _graphql(
        "auth_login,auth_refresh,auth_password_request,auth_password_reset,users_register,"
        "users_register_verify,users_invite_accept,users_me_tfa_generate,users_me_tfa_enable,"
        "users_me_tfa_disable,utils_cache_clear",
        CSV,
        "Mutations that one request may hold once.",
    )

    email_transport: str | None = _mail(
        "",
        optional(_TRANSPORT),
        "How mails leave; not set: they do not, and the log tells of each. See the guide on mail.",
    )
    email_from: str = _mail(
        "no-reply@example.com",
        SENDER,
        "Sender: an address, or `Name <address>`; the name is the project's else.",
    )
    email_verify_setup: bool = _mail(
        "true", FLAG, "Try the transport at the start, and log what is wrong with it and with templates."
    )
    email_templates_path: str = _mail(
        "./templates", TEXT, "Folder of your own templates; they come before those that are built in."
    )
    email_smtp_host: str = _mail("localhost", TEXT, "SMTP: host.")
    email_smtp_port: int | None = _mail(
        "", optional(integer(1, 65535)), "SMTP: port; not set: 587, or 465 with EMAIL_SMTP_SECURE."
    )
    email_smtp_user: str | None = _mail("", optional(TEXT), "SMTP: user.")
    email_smtp_password: str | None = _mail("", optional(TEXT), "SMTP: password.", secret=True)
    email_smtp_secure: bool = _mail(
        "false", FLAG, "SMTP: TLS from the start. Else STARTTLS, without which nothing is sent."
    )
    email_smtp_ignore_tls: bool = _mail(
        "false", FLAG, "SMTP: send in clear. A server on `localhost` needs no such permission."
    )
    email_smtp_tls_ca_file: str | None = _mail(
        "", optional(TEXT), "SMTP: file with certificates to trust besides those of the machine."
    )
    email_smtp_name: str | None = _mail(
        "", optional(TEXT), "SMTP: how this server calls itself; not set: the machine's name."
    )
    email_smtp_pool: bool = _mail("false", FLAG, "SMTP: keep connections open for the next mail.")
    email_sendmail_path: str = _mail("/usr/sbin/sendmail", TEXT, "sendmail: the program.")
    email_sendmail_new_line: str = _mail(
        "unix", choice("unix", "windows"), "sendmail: how lines end that it is given."
    )
    rate_limiter_email_queue_size: int = _mail(
        "10000", integer(1), "Mails of a worker that may wait; the next one is dropped, and that is logged."
    )

    storage_locations: tuple[str, ...] = _files(
        "local", CSV, "Names of the places that hold files; the first takes new ones."
    )
    storage: tuple[tuple[str, str], ...] = _files(
        "",
        NAMED,
        "Of each place, by its name in capitals: STORAGE_LOCAL_DRIVER (`local`, `s3`, `gcs`, `azure`), "
        "STORAGE_LOCAL_ROOT (`./uploads`), ...: see [files](../guide/files.md#storage).",
        secret=True,
        members="_",
    )
    temp_path: str | None = _files(
        "", optional(TEXT), "Directory for what is worked on; not set: that of the system."
    )
    files_max_upload_size: int | None = _files(
        "1gb", or_word(SIZE, "Infinity", None), "Largest file; above it 413. The reference has no bound."
    )
    files_max_upload_concurrency: int | None = _files(
        "Infinity", _UNBOUNDED, "Uploads that a worker takes at once; more get 503."
    )
    files_mime_type_allow_list: tuple[str, ...] = _files(
        "*/*", CSV, "Kinds of files that are taken, by their content: `image/*,application/pdf`."
    )
    files_delete_original_on_move: bool = _files(
        "false", FLAG, "Remove a file from where it was when it moves to another place."
    )
    file_metadata_allow_list: tuple[str, ...] = _files(
        "ifd0.Make,ifd0.Model,exif.FNumber,exif.ExposureTime,exif.FocalLength,exif.ISOSpeedRatings",
        CSV,
        "What of an image's own metadata is kept; `*`: all.",
    )
    import_ip_deny_list: tuple[str, ...] = _files(
        "0.0.0.0,169.254.169.254",
        ADDRESSES,
        "Addresses, CIDR blocks and ranges that nothing is fetched from, besides all that are not public.",
    )
    causeway_import_allow_list: tuple[str, ...] = _files(
        "",
        ADDRESSES,
        "Addresses, CIDR blocks and ranges that may be fetched from although they are not public.",
    )
    import_timeout: timedelta = _files("30s", DURATION, "How long fetching a file may take.")
    tus_enabled: bool = _files("false", FLAG, "Take uploads that can be resumed, at `/files/tus`.")
    tus_chunk_size: int = _files(
        "8mb",
        SIZE,
        "Part of an upload that `/server/info` tells clients to send at once; larger ones are taken.",
    )
    tus_upload_expiration: timedelta = _files(
        "10m", DURATION, "How long an upload may rest before it is given up."
    )
    tus_cleanup_schedule: Cron = _files("0 * * * *", CRON, "When uploads that were given up are removed.")

    assets_cache_ttl: timedelta = _assets("30d", DURATION, "How long browsers may keep files.")
    assets_cache_revalidate: bool = _assets(
        "false", FLAG, "Browsers have to ask whether a kept file is still the same."
    )
    assets_transform_max_concurrent: int = _assets(
        "25", integer(1), "Transformations of a worker at once, waiting ones included; more get 503."
    )
    assets_transform_image_max_dimension: int = _assets(
        "6000", integer(1), "Longest side of an image that is transformed, in pixels."
    )
    assets_transform_image_max_output_dimension: int = _assets(
        "6000", integer(1), "Longest side of what is made of it, in pixels."
    )
    assets_transform_max_operations: int = _assets("5", integer(0), "Operations that `transforms` may hold.")
    assets_transform_timeout: timedelta = _assets("7500ms", DURATION, "How long a transformation may take.")
    causeway_transform_memory: int = _assets(
        "1gb", SIZE, "Memory that a process may take that looks at images."
    )
    assets_content_security_policy_directives: tuple[Directive, ...] = _assets(
        "", DIRECTIVES, "Directives over those of files: `..._DEFAULT_SRC`.", members="__"
    )

    log_level: str = _log(
        "info",
        choice("fatal", "error", "warn", "info", "debug", "trace", "silent"),
        "Least level that is logged; requests are logged at info.",
    )
    log_style: str = _log("pretty", choice("pretty", "raw"), "`pretty`: lines for people. `raw`: JSON lines.")
    log_http_ignore_paths: tuple[str, ...] = _log("", CSV, "Paths whose requests are not logged.")
    healthcheck_enabled: bool = _log("true", FLAG, "Answer `/server/health`.")
    healthcheck_services: tuple[str, ...] = _log(
        "database,redis,storage,email", CSV, "What it looks at, of what there is."
    )

    retention_enabled: bool = _retention("false", FLAG, "Take old history away, at the times below.")
    retention_schedule: Cron = _retention(
        "0 0 * * *", CRON, "When, in UTC: minute, hour, day, month, day of the week; seconds may come first."
    )
    retention_batch: int = _retention("500", integer(1, 10_000), "Rows deleted in one transaction.")
    activity_retention: timedelta | None = _retention(
        "90d", _KEPT, "How long activity is kept; never shorter than its revisions. `false`: for ever."
    )
    revisions_retention: timedelta | None = _retention("90d", _KEPT, "How long revisions are kept.")
    flow_logs_retention: timedelta | None = _retention("90d", _KEPT, "How long runs of flows are kept.")

    admin_email: str | None = _bootstrap(
        "", optional(TEXT), "First administrator; not set: admin@example.com."
    )
    admin_password: str | None = _bootstrap(
        "", optional(TEXT), "Password; not set: made and printed once. There is no default one.", secret=True
    )
    admin_token: str | None = _bootstrap(
        "", optional(TEXT), "Static token of the first administrator.", secret=True
    )
    project_name: str = _bootstrap("Causeway", TEXT, "Name of the project.")

    @property
    def database_url(self) -> str:
        """`sqlite:///file` or `postgresql://...`; holds the password, not for logs.

        Raises ConfigurationError.
        """
        if self.db_connection_string is not None:
            return _connection_string(self.db_connection_string, self.db_client)
        if self.db_client in (None, "sqlite3"):
            return f"sqlite:///{self.db_filename}"
        return _postgresql_url(self)

    def check(self) -> None:
        """Raises ConfigurationError for what contradicts each other."""
        _ = self.database_url, self.redis_url
        if self.rate_limiter_enabled and self.rate_limiter_global_enabled:
            each = self.rate_limiter_points * self.rate_limiter_global_duration
            if each > self.rate_limiter_global_points * self.rate_limiter_duration:
                raise ConfigurationError(
                    "RATE_LIMITER_GLOBAL_* allows fewer requests than RATE_LIMITER_* allows of one address"
                )

    @property
    def redis_url(self) -> str | None:
        """None where no Redis is named; may hold a password, not for logs. Raises ConfigurationError."""
        url = self.redis or _redis_address(self)
        if url is None and self.rate_limiter_store == "redis":
            raise ConfigurationError("RATE_LIMITER_STORE='redis' needs REDIS or REDIS_HOST")
        if url is not None and not url.startswith(_REDIS_SCHEMES):
            raise ConfigurationError(
                "REDIS is not accepted: expected redis://user:password@host:port, rediss:// or unix:///path"
            )
        return url


def rows() -> tuple[tuple[str, Setting], ...]:
    """The table: `(variable, Setting)` in the order of declaration."""
    return tuple(
        (_variable(item.name, item.metadata["setting"]), item.metadata["setting"])
        for item in fields(Settings)
    )


def _variable(name: str, row: Setting) -> str:
    return name.upper() if row.members is None else f"{name.upper()}{row.members}*"


def _connection_string(text: str, client: str | None) -> str:
    scheme, separator, rest = text.partition("://")
    name = {
        "postgres": "postgresql",
        "postgresql": "postgresql",
        "sqlite": "sqlite",
        "sqlite3": "sqlite",
    }.get(scheme)
    if not separator or name is None:
        raise ConfigurationError(
            "DB_CONNECTION_STRING is not accepted: expected postgresql://user:password@host:port/name or sqlite:///file"
        )
    if client is not None and (client == "sqlite3") != (name == "sqlite"):
        raise ConfigurationError(
            f"DB_CLIENT={client!r} and DB_CONNECTION_STRING ({name}) contradict each other"
        )
    return f"{name}://{rest}"


def _postgresql_url(settings: Settings) -> str:
    if settings.db_database is None:
        raise ConfigurationError(
            f"DB_DATABASE is missing: DB_CLIENT={settings.db_client!r} needs the database's name"
        )
    options: dict[str, str] = {}
    host = settings.db_host
    if host.startswith("/"):
        options["host"], host = host, ""
    user = quote(settings.db_user or "", safe="")
    if settings.db_password is not None:
        user += f":{quote(settings.db_password, safe='')}"
    if settings.db_ssl:
        options["sslmode"] = "verify-full" if settings.db_ssl__reject_unauthorized else "require"
    if settings.db_ssl__ca_file is not None:
        options["sslrootcert"] = settings.db_ssl__ca_file
    place = f"{f'[{host}]' if ':' in host else host}:{settings.db_port}" if host else ""
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{user}{'@' if user else ''}{place}/{quote(settings.db_database, safe='')}{query}"


def _redis_address(settings: Settings) -> str | None:
    host = settings.redis_host
    if host is None:
        return None
    user = quote(settings.redis_username or "", safe="")
    if settings.redis_password is not None:
        user += f":{quote(settings.redis_password, safe='')}"
    return f"redis://{user}{'@' if user else ''}{f'[{host}]' if ':' in host else host}:{settings.redis_port}"
