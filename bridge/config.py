"""The configuration: ``config.ini`` read once, whole, into frozen dataclasses.

Every option is declared once, below, with its default as it would be written in the file, what it must look like, and
one line of help; ``config.ini`` repeats defaults and help, and a test compares the two. ``load`` collects every
problem and raises one ``ConfigError``.
"""

import configparser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from bridge import values
from bridge.errors import ConfigError

T = TypeVar("T")

PREFIX = "DAVBRIDGE_"
RESERVED = frozenset({"DAVBRIDGE_CONFIG"})  # names the file itself; read by the command line
RADICALE = "radicale."


@dataclass(frozen=True, slots=True)
class Option:
    """One option as declared: the default as text, how its text becomes a value, and its help."""

    default: str
    help: str
    parse: Callable[[str, Path], Any]


def option(default: str, help: str, parse: Callable[[str, Path], T]) -> T:  # noqa: A002 - what readers call it
    """Declare an option as a dataclass field. The default is parsed relative to the current folder."""
    declared = Option(default, help, parse)
    return field(default_factory=lambda: parse(default, Path()), metadata={"option": declared})


@dataclass(frozen=True, slots=True)
class Server:
    """``[server]``: how the one process group listens."""

    host: str = option("127.0.0.1", "Address to listen on; 0.0.0.0 or :: for every interface.", values.word)
    port: int = option("8080", "Port to listen on.", values.whole(1, 65535))
    workers: int = option("2", "Processes that answer requests.", values.whole(1, 256))
    threads: int = option(
        "8",
        "Threads in each of these processes: so many requests may be on their way in or out at the same time.",
        values.whole(1, 256),
    )
    request_timeout: timedelta = option(
        "60 s", "How long a request may take to arrive; its answer may take ten times as long.", values.at_least("1 s")
    )
    certificate: Path | None = option("", "TLS certificate chain (PEM). Empty: no TLS here.", values.optional_path)
    key: Path | None = option("", "Private key of the certificate (PEM).", values.optional_path)
    trusted_proxies: tuple[values.Network, ...] = option(
        "", "Reverse proxies whose X-Forwarded-* is believed: addresses or networks, by commas.", values.networks
    )
    base_url: str = option(
        "", "Public address of the server, such as https://dav.example.com. Empty: from the request.", values.base_url
    )
    max_body: int = option("10 MB", "Largest request body that is read.", values.size)


@dataclass(frozen=True, slots=True)
class Database:
    """``[database]``: the SQL database that holds everything."""

    url: str = option(
        "sqlite:///var/davbridge.sqlite3",
        "SQLite file, or postgresql://user:password@host/name.",
        values.database_url,
    )
    busy_timeout: timedelta = option("10 s", "How long a write waits for another one.", values.duration)
    pool_size: int = option("5", "PostgreSQL: connections that each process keeps open.", values.whole(1, 1000))


@dataclass(frozen=True, slots=True)
class Security:
    """``[security]``: secrets of this installation."""

    secret_file: Path = option(
        "var/secret.key", "Key for app passwords and cookies; made on first use, mode 0600.", values.path
    )
    credential_keys_file: Path | None = option(
        "",
        "Keys for stored passwords and tokens, one per line, newest first. Empty: made from the secret.",
        values.optional_path,
    )


@dataclass(frozen=True, slots=True)
class Web:
    """``[web]``: what people see, and the defaults of new users."""

    title: str = option("davbridge", "Name of this installation, shown on every page.", values.text)
    language: str = option(
        "en",
        "Language of the page and of new users: en, lv, ru, pl or sv.",
        values.choice("en", "lv", "ru", "pl", "sv"),
    )
    time_zone: str = option("Europe/Riga", "Time zone of new users (IANA name).", values.time_zone)
    session_idle: timedelta = option(
        "12 h", "Who did not use the page for so long has to sign in again.", values.at_least("1 min")
    )
    session_lifetime: timedelta = option(
        "14 d", "Who signed in so long ago has to sign in again.", values.at_least("1 min")
    )


@dataclass(frozen=True, slots=True)
class Oidc:
    """``[oidc]``: signing in to the page with the company's OpenID Connect provider (R28)."""

    issuer: str = option(
        "", "The company's OpenID Connect provider, such as https://login.example.com. Empty: none.", values.url
    )
    client_id: str = option("", "Identifier of this installation at the provider.", values.optional_word)
    client_secret: str = option("", "Secret of this installation at the provider.", values.optional_word)
    claim: str = option("preferred_username", "The claim that holds the user's login here.", values.word)
    scopes: str = option("openid profile email", "What the provider is asked for.", values.text)
    create_users: bool = option("off", "Add users whom the provider knows and nobody has added here.", values.switch)
    metadata_url: str = option(
        "", "Where the provider describes itself. Empty: /.well-known/openid-configuration below it.", values.url
    )
    label: str = option("", "Name of the provider on the sign-in page. Empty: “company account”.", values.optional_text)


@dataclass(frozen=True, slots=True)
class Dav:
    """``[dav]``: what calendar and address book programs get."""

    realm: str = option("davbridge", "Name that programs show when they ask for the password.", values.text)
    max_resource_size: int = option("1 MB", "Largest single event, task or contact.", values.size)
    photo_pixels: int = option("512", "Longer side to which contact photos are reduced.", values.whole(16, 4096))
    journal_days: int = option("30", "Days for which every change can be undone.", values.whole(1, 3650))
    series_horizon_days: int = option(
        "365", "Days ahead for which the CRM shows the occurrences of a series.", values.whole(1, 3650)
    )
    past_days: int = option("0", "Days that calendars reach back for new users. 0: everything.", values.whole(0, 36500))
    shortcuts: bool = option("on", "Answer the commonest requests without Radicale. Off to compare.", values.switch)


@dataclass(frozen=True, slots=True)
class Sync:
    """``[sync]``: how calendars and contacts elsewhere are kept in step."""

    enabled: bool = option(
        "on", "Run the sync worker beside the server. Off: syncs run on command only.", values.switch
    )
    workers: int = option("4", "Connections that one worker process syncs at the same time.", values.whole(1, 64))
    interval: timedelta = option(
        "5 min", "Time between two looks at an account, 10 % more or less.", values.at_least("10 s")
    )
    change_delay: timedelta = option(
        "2 s",
        "How often to look for changes here. What changes in between is synced together.",
        values.at_least("100 ms"),
    )
    queue: str = option(
        "sqlite:///var/queue.sqlite3",
        "SQLite file, or redis://host:6379/0 where several machines run workers.",
        values.queue_address,
    )
    lease: timedelta = option(
        "2 min", "How long a connection stays reserved for a worker that no longer answers.", values.at_least("10 s")
    )
    request_timeout: timedelta = option("60 s", "How long to wait for an answer of a remote.", values.at_least("1 s"))
    requests_per_second: int = option(
        "50", "Requests to one account, in the long run. 0: no limit.", values.whole(0, 100_000)
    )
    provider_requests_per_second: int = option(
        "0", "Requests of one worker process to all accounts of a provider. 0: no limit.", values.whole(0, 100_000)
    )
    allow_private_addresses: bool = option(
        "on",
        "Users may connect to servers inside the own network. Turn it off where users are not trusted with that.",
        values.switch,
    )
    max_delete_percent: int = option(
        "20", "Percent of the linked objects on a side; a run that would delete more asks first.", values.whole(0, 100)
    )
    max_delete_count: int = option(
        "10", "So many deletions never ask, whatever share they are.", values.whole(0, 1_000_000)
    )


@dataclass(frozen=True, slots=True)
class Google:
    """``[google]``: the OAuth client of this installation at Google, and where Google is."""

    client_id: str = option(
        "", "Client ID from the Google Cloud console. Empty: nobody can give a consent.", values.optional_word
    )
    client_secret: str = option("", "Client secret from the Google Cloud console.", values.optional_word)
    calendar_url: str = option(
        "https://www.googleapis.com/calendar/v3", "Where the Calendar API is.", values.service_url
    )
    people_url: str = option("https://people.googleapis.com", "Where the People API is.", values.service_url)
    token_url: str = option("https://oauth2.googleapis.com/token", "Where tokens are renewed.", values.service_url)
    authorization_url: str = option(
        "https://accounts.google.com/o/oauth2/v2/auth", "Where users give their consent.", values.service_url
    )
    requests_per_minute: int = option(
        "600",
        "Requests to one account in a minute, as the quota of the project says. 0: no limit.",
        values.whole(0, 10**6),
    )
    project_requests_per_minute: int = option(
        "10000",
        "Requests of one worker process to all accounts in a minute; several workers share the quota. 0: no limit.",
        values.whole(0, 10**8),
    )


@dataclass(frozen=True, slots=True)
class Graph:
    """``[graph]``: the app registration of this installation at Microsoft, and where Microsoft is."""

    client_id: str = option(
        "", "Application (client) ID from Microsoft Entra. Empty: nobody can give a consent.", values.optional_word
    )
    client_secret: str = option("", "Value of the client secret from Microsoft Entra.", values.optional_word)
    tenant: str = option(
        "common", "Directory (tenant) whose users connect; common for all, personal accounts included.", values.word
    )
    graph_url: str = option("https://graph.microsoft.com/v1.0", "Where Microsoft Graph is.", values.service_url)
    token_url: str = option(
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token", "Where tokens are renewed.", values.service_url
    )
    authorization_url: str = option(
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        "Where users give their consent.",
        values.service_url,
    )
    admin_consent_url: str = option(
        "https://login.microsoftonline.com/{tenant}/adminconsent",
        "Where an administrator of a directory gives it for everybody.",
        values.service_url,
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """``[exchange]``: Exchange servers of the company's own, or hosted ones."""

    url: str = option(
        "",
        "Server of accounts that name none, such as https://mail.example.com/EWS/Exchange.asmx. Empty: looked for.",
        values.url,
    )
    autodiscover: bool = option("on", "Look for the server of an e-mail address where none is named.", values.switch)
    plain_http: bool = option(
        "off", "Send passwords over plain HTTP to other machines too, not to this one only.", values.switch
    )
    timeout: timedelta = option(
        "2 min", "How long to wait for an answer; large ones take their time.", values.at_least("1 s")
    )
    batch: int = option("100", "Objects that one request reads or writes.", values.whole(1, 500))
    authorities: Path | None = option(
        "", "Certificates (PEM) of the company's own authorities. Empty: the usual ones only.", values.optional_path
    )


@dataclass(frozen=True, slots=True)
class Config:
    """Everything ``config.ini`` says. ``radicale`` maps section → option → text, handed to Radicale unread."""

    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    security: Security = field(default_factory=Security)
    web: Web = field(default_factory=Web)
    oidc: Oidc = field(default_factory=Oidc)
    dav: Dav = field(default_factory=Dav)
    sync: Sync = field(default_factory=Sync)
    google: Google = field(default_factory=Google)
    graph: Graph = field(default_factory=Graph)
    exchange: Exchange = field(default_factory=Exchange)
    radicale: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


SECTIONS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "server": Server,
        "database": Database,
        "security": Security,
        "web": Web,
        "oidc": Oidc,
        "dav": Dav,
        "sync": Sync,
        "google": Google,
        "graph": Graph,
        "exchange": Exchange,
    }
)


def options(section: type[Any]) -> dict[str, Option]:
    """Return the declared options of one section's class by name, in order."""
    return {each.name: each.metadata["option"] for each in fields(section)}


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file, then the overrides ``DAVBRIDGE_<SECTION>_<OPTION>`` (``…_FILE``: the value is in that file).

    Relative paths are relative to the folder of ``path``; without a file, to the current folder. Raises
    ``ConfigError`` with every problem: unknown sections, options and variables, wrong values, unreadable files.
    """
    problems: list[str] = []
    written = _read(path, problems)
    _override(written, environ, problems)
    folder = path.absolute().parent if path else Path.cwd()
    sections = {name: _section(name, kind, written.pop(name, {}), folder, problems) for name, kind in SECTIONS.items()}
    radicale = {name.removeprefix(RADICALE): written.pop(name) for name in list(written) if name.startswith(RADICALE)}
    problems += [f"[{name}]: there is no such section." for name in written]
    if not problems:
        problems += [*_contradictions(sections["server"]), *_incomplete(sections["oidc"])]
    if problems:
        raise ConfigError(problems)
    return Config(**sections, radicale=MappingProxyType({k: MappingProxyType(v) for k, v in radicale.items()}))


def _read(path: Path | None, problems: list[str]) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        problems.append(f"{path} is not UTF-8 text.")
    except configparser.Error as error:
        problems.append(f"{path} is not a configuration file: {' '.join(str(error).split())}")
        return {}  # what was read until then is half-made
    return {name: dict(parser[name]) for name in parser.sections()}


def _override(written: dict[str, dict[str, str]], environ: Mapping[str, str], problems: list[str]) -> None:
    for variable, value in sorted(environ.items()):
        if not variable.startswith(PREFIX) or variable in RESERVED:
            continue
        target = _target(variable.removeprefix(PREFIX).lower())
        if target is None:
            problems.append(f"{variable}: there is no such option.")
            continue
        section, name, in_file = target
        try:
            text = Path(value).read_text(encoding="utf-8").strip() if in_file else value
        except (OSError, UnicodeDecodeError) as error:
            problems.append(
                f"{variable}: {value} cannot be read: {getattr(error, 'strerror', 'it is not UTF-8 text')}."
            )
            continue
        written.setdefault(section, {})[name] = text


def _target(variable: str) -> tuple[str, str, bool] | None:
    """Find (section, option, is the value in a file?) for a variable without its prefix, in lower case."""
    section, _, name = variable.partition("_")
    if section == RADICALE.removesuffix("."):
        inner, _, name = name.partition("_")
        return (RADICALE + inner, name, False) if inner and name else None
    known = options(SECTIONS[section]) if section in SECTIONS else {}
    if name in known:
        return section, name, False
    shorter = name.removesuffix("_file")
    return (section, shorter, True) if shorter in known else None


def _section(name: str, kind: type[Any], written: dict[str, str], folder: Path, problems: list[str]) -> Any:
    known = options(kind)
    problems += [f"[{name}] {key}: there is no such option." for key in written if key not in known]
    return kind(**dict(_values(name, known, written, folder, problems)))


def _values(
    section: str, known: dict[str, Option], written: dict[str, str], folder: Path, problems: list[str]
) -> Iterator[tuple[str, Any]]:
    for key, declared in known.items():
        try:
            yield key, declared.parse(written.get(key, declared.default), folder)
        except ValueError as error:
            problems.append(f"[{section}] {key}: {error} ({declared.help})")


def _contradictions(server: Server) -> list[str]:
    if (server.certificate is None) != (server.key is None):
        return ["[server] certificate and key: TLS needs both of them."]
    return []


def _incomplete(oidc: Oidc) -> list[str]:
    if oidc.issuer and not (oidc.client_id and oidc.client_secret):
        return ["[oidc] client_id and client_secret: the provider knows this installation by both of them."]
    return []
