"""Read every SIDECAR_* variable into one frozen value; secrets never print."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from sidecar.errors import MisconfiguredError

DEFAULT_PORT = 8080
DEFAULT_KEY_DAYS = 90
DEFAULT_REGION = "eu-north-1"
DEFAULT_PACKAGE_GB = 10
GIGABYTE = 10**9
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class S3Address:
    """Where an S3-compatible store is, and the key it lets us in by."""

    endpoint: str
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything the environment says.

    Attributes:
        data: folder of the database, package files, queue and key file; made with mode 0700.
        public_url: origin of the application, e.g. `https://sidecar.example.no`; every link is built from it.
        content_url: origin that serves packages, another host than the application; `*` in its host stands for
            one host per package version, e.g. `https://*.content.example.no`.
        database_url: SQLAlchemy URL; the default is SQLite in `data`.
        redis_url: the queue's server; None means the embedded one in `data`.
        allowed_private: host names, addresses and networks that may be reached though private or plain http.
        secret_keys: Fernet keys, the first encrypts, all decrypt; empty means the key file in `data`.
        production: refuse to make a key file: the keys must come from the environment.
        ca_file: PEM file of the certificate authorities to trust instead of the public ones.
        key_days: after how many days another of our own keys signs; 0 means only when somebody says so.
        storage_url: `s3://bucket/prefix` or `file:///folder` for package and report files; None means `data`.
        s3: the store that s3:// URLs mean; None where no key is set.
        proxies: how many trusted proxies stand in front; so many entries of X-Forwarded-For are believed.
        metrics_port: where the scheduler tells Prometheus how everything is; None means nowhere.
        metrics_host: the address it listens on for that.
        smtp_url: the server that warnings are mailed through; None means that none are.
        mail_from: the sender of mails.
        alert_to: who gets warnings beside the operators whose address is known.
        package_bytes: how large one package may be, unpacked and as a file.
    """

    data: Path
    public_url: str
    content_url: str
    database_url: str = field(repr=False)
    redis_url: str | None = field(default=None, repr=False)
    allowed_private: tuple[str, ...] = ()
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    production: bool = False
    log_level: str = "INFO"
    ca_file: Path | None = None
    port: int = DEFAULT_PORT
    key_days: int = DEFAULT_KEY_DAYS
    proxies: int = 0
    storage_url: str | None = None
    s3: S3Address | None = None
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = ""
    alert_to: tuple[str, ...] = ()
    package_bytes: int = DEFAULT_PACKAGE_GB * GIGABYTE

    @property
    def content_is_per_version(self) -> bool:
        """Tell whether every package version has a host of its own."""
        return "*" in self.content_url

    def content_origin(self, version_id: str) -> str:
        """Return the origin that serves a course version, without a trailing slash."""
        return self.content_url.replace("*", version_id)

    def version_of_content_host(self, host: str) -> str | None:
        """Return the version id in a content host name (`host[:port]`), "" on a shared one, None if it is none.

        Args:
            host: the Host header as it came.
        """
        wanted = urlsplit(self.content_url).netloc.lower()
        if "*" not in wanted:
            return "" if host.lower() == wanted else None
        before, after = wanted.split("*", 1)
        middle = host.lower().removeprefix(before).removesuffix(after)
        fits = host.lower() == before + middle + after
        return middle if fits and middle.isalnum() else None


def read_settings(env: Mapping[str, str] | None = None, *, port: int | None = None) -> Settings:
    """Read the settings from the environment.

    Args:
        port: the port of the web server, which the default public URL names.

    Raises:
        MisconfiguredError: a value can't be used, or production lacks one.
    """
    env = os.environ if env is None else env
    port = port or _integer(env, "SIDECAR_PORT", DEFAULT_PORT)
    data = Path(env.get("SIDECAR_DATA") or "sidecar-data").resolve()
    public_url = _origin(env, "SIDECAR_PUBLIC_URL", f"http://127.0.0.1:{port}")
    settings = Settings(
        data=data,
        public_url=public_url,
        content_url=_origin(env, "SIDECAR_CONTENT_URL", f"http://localhost:{port}"),
        database_url=_database(env, f"sqlite:///{data / 'sidecar.sqlite3'}"),
        redis_url=_redis(env),
        allowed_private=_names(env.get("SIDECAR_ALLOWED_PRIVATE", "")),
        secret_keys=_names(env.get("SIDECAR_SECRET_KEYS", "")),
        production=env.get("SIDECAR_PRODUCTION", "") in ("1", "true", "yes"),
        ca_file=Path(env["SIDECAR_CA_FILE"]) if env.get("SIDECAR_CA_FILE") else None,
        log_level=_log_level(env),
        port=port,
        key_days=_count(env, "SIDECAR_KEY_DAYS", DEFAULT_KEY_DAYS),
        proxies=_count(env, "SIDECAR_PROXIES", 0),
        storage_url=env.get("SIDECAR_STORAGE_URL") or None,
        s3=_s3(env),
        metrics_port=_count(env, "SIDECAR_METRICS_PORT", 0) or None,
        metrics_host=env.get("SIDECAR_METRICS_HOST") or "127.0.0.1",
        smtp_url=env.get("SIDECAR_SMTP_URL") or None,
        mail_from=env.get("SIDECAR_MAIL_FROM", "").strip(),
        alert_to=_names(env.get("SIDECAR_ALERT_TO", "")),
        package_bytes=read_package_bytes(env),
    )
    _refuse_wrong_mail(settings)
    _refuse_unsafe(settings)
    return settings


def read_package_bytes(env: Mapping[str, str] | None = None) -> int:
    """Read how large one package may be: all that is asked of the environment where packages are only checked.

    Raises:
        MisconfiguredError: it is no whole number of gigabytes from 1 on.
    """
    gigabytes = _count(os.environ if env is None else env, "SIDECAR_PACKAGE_GB", DEFAULT_PACKAGE_GB)
    if gigabytes < 1:
        raise MisconfiguredError(setting="SIDECAR_PACKAGE_GB", reason="it can't be less than 1.")
    return gigabytes * GIGABYTE


def _s3(env: Mapping[str, str]) -> S3Address | None:
    access_key, secret_key = env.get("SIDECAR_S3_ACCESS_KEY", ""), env.get("SIDECAR_S3_SECRET_KEY", "")
    if bool(access_key) != bool(secret_key):
        missing = "SIDECAR_S3_SECRET_KEY" if access_key else "SIDECAR_S3_ACCESS_KEY"
        raise MisconfiguredError(setting=missing, reason="the access key and the secret key go together.")
    if not access_key:
        return None
    region = env.get("SIDECAR_S3_REGION") or DEFAULT_REGION
    endpoint = _origin(env, "SIDECAR_S3_ENDPOINT", f"https://s3.{region}.amazonaws.com")
    return S3Address(endpoint, region, access_key, secret_key)


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name) or default)
    except ValueError:
        raise MisconfiguredError(setting=name, reason="it must be a whole number.") from None


def _database(env: Mapping[str, str], default: str) -> str:
    value = env.get("SIDECAR_DATABASE_URL") or default
    try:
        is_known = make_url(value).get_backend_name() in ("sqlite", "postgresql")
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:
        raise MisconfiguredError(setting="SIDECAR_DATABASE_URL", reason="it must be like postgresql://user@host/name.")
    return value


def _redis(env: Mapping[str, str]) -> str | None:
    value = env.get("SIDECAR_REDIS_URL") or None
    try:
        parts = urlsplit(value or "redis://")
        is_known = parts.scheme in ("redis", "rediss", "unix") and parts.port != 0
    except ValueError:
        is_known = False
    if not is_known:
        raise MisconfiguredError(setting="SIDECAR_REDIS_URL", reason="it must be like redis://host:6379/0.")
    return value


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    count = _integer(env, name, default)
    if count < 0:
        raise MisconfiguredError(setting=name, reason="it can't be less than 0.")
    return count


def _log_level(env: Mapping[str, str]) -> str:
    level = (env.get("SIDECAR_LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise MisconfiguredError(setting="SIDECAR_LOG_LEVEL", reason=f"it must be one of {', '.join(LOG_LEVELS)}.")
    return level


def _origin(env: Mapping[str, str], name: str, default: str) -> str:
    value = (env.get(name) or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise MisconfiguredError(setting=name, reason="it must be like https://host or https://host:port.")
    return value


def _refuse_wrong_mail(settings: Settings) -> None:
    """Refuse what no mail could go by; a mail in plain text may go to this machine or a listed host only."""
    if settings.smtp_url is None:
        return
    parts = urlsplit(settings.smtp_url)
    is_known = parts.scheme in ("smtp", "smtps") and parts.query in ("", "starttls=1") and _has_port(parts)
    if not is_known or not parts.hostname:
        raise MisconfiguredError(
            setting="SIDECAR_SMTP_URL",
            reason="it must be like smtps://user:password@host or smtp://user:password@host:587?starttls=1.",
        )
    is_near = is_loopback(parts.hostname) or parts.hostname in settings.allowed_private
    if parts.scheme == "smtp" and not parts.query and not is_near:
        raise MisconfiguredError(
            setting="SIDECAR_SMTP_URL",
            reason="only this machine or a host of SIDECAR_ALLOWED_PRIVATE may be unencrypted.",
        )
    if "@" not in settings.mail_from:
        raise MisconfiguredError(setting="SIDECAR_MAIL_FROM", reason="mails need the address of a sender.")


def _has_port(parts: SplitResult) -> bool:
    """Tell whether the port of a URL is one, or not said."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _refuse_unsafe(settings: Settings) -> None:
    public, content = urlsplit(settings.public_url), urlsplit(settings.content_url)
    if public.hostname == content.hostname:
        raise MisconfiguredError(
            setting="SIDECAR_CONTENT_URL", reason="packages need another host name than the application."
        )
    for name, parts in (("SIDECAR_PUBLIC_URL", public), ("SIDECAR_CONTENT_URL", content)):
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise MisconfiguredError(setting=name, reason="only a loopback address may be plain http.")
    if settings.production and not settings.secret_keys:
        raise MisconfiguredError(
            setting="SIDECAR_SECRET_KEYS", reason='production needs it; "sidecar secrets generate" makes one.'
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
