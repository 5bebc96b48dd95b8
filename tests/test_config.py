import configparser
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge import config, values
from bridge.errors import ConfigError

HERE = Path("folder")


def problems(path: Path | None, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config.load(path, environ or {})
    return caught.value.problems


def write(folder: Path, text: str) -> Path:
    path = folder / "config.ini"
    path.write_text(text, encoding="utf-8")
    return path


def shipped(root: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.read_string((root / "config.ini").read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize("section", config.SECTIONS)
def test_the_shipped_file_lists_every_option_with_its_default(root: Path, section: str) -> None:
    declared = config.options(config.SECTIONS[section])
    assert dict(shipped(root)[section]) == {name: each.default for name, each in declared.items()}


def test_the_shipped_file_has_no_other_section(root: Path) -> None:
    assert shipped(root).sections() == list(config.SECTIONS)


@pytest.mark.parametrize(
    ("name", "option"), [pair for kind in config.SECTIONS.values() for pair in config.options(kind).items()]
)
def test_the_shipped_file_explains_every_option(root: Path, name: str, option: config.Option) -> None:
    expected = f"; {option.help}\n{name} = {option.default}".rstrip()
    assert expected in (root / "config.ini").read_text(encoding="utf-8")


def test_the_shipped_file_means_the_defaults(root: Path) -> None:
    loaded = config.load(root / "config.ini", {})
    assert loaded.server == config.Server()
    assert loaded.web == config.Web()
    assert loaded.dav == config.Dav()
    assert loaded.security.secret_file == root / "var" / "secret.key"
    assert loaded.database.url == f"sqlite:///{root}/var/davbridge.sqlite3"
    assert loaded.database.busy_timeout == timedelta(seconds=10)
    assert loaded.server.max_body == 10_000_000
    assert loaded.radicale == {}


def test_without_a_file_the_defaults_start_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load(None, {}).security.secret_file == tmp_path / "var" / "secret.key"


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nport = many\nprot = 80\n[servr]\nhost = x\n[dav]\nphoto_pixels = 0\n")
    found = "\n".join(
        problems(path, {"DAVBRIDGE_WEB_TITEL": "x", "DAVBRIDGE_DATABASE_URL_FILE": str(tmp_path / "none")})
    )
    for expected in (
        "[server] port: “many” is not a whole number from 1 to 65535.",
        "[server] prot: there is no such option.",
        "[servr]: there is no such section.",
        "[dav] photo_pixels: “0” is not a whole number",
        "DAVBRIDGE_WEB_TITEL: there is no such option.",
        "DAVBRIDGE_DATABASE_URL_FILE: ",
    ):
        assert expected in found


@pytest.mark.parametrize(
    "text", ["no section", "[server]\nport = 1\nport = 2\n", "[server]\n[server]\n", "[server]\nport\n"]
)
def test_a_file_that_is_none_is_one_problem(tmp_path: Path, text: str) -> None:
    (problem,) = problems(write(tmp_path, text))
    assert "is not a configuration file" in problem
    assert "\n" not in problem


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "config.ini") == (f"{tmp_path}/config.ini cannot be read: No such file or directory.",)


def test_a_file_in_another_encoding_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"[web]\ntitle = Kalend\xe2rs\n")
    assert problems(path) == (f"{path} is not UTF-8 text.",)


def test_a_byte_order_mark_and_percent_signs_are_no_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff[web]\ntitle = 100 % Kalendārs\n")
    assert config.load(path, {}).web.title == "100 % Kalendārs"


def test_default_is_a_section_like_others(tmp_path: Path) -> None:
    assert problems(write(tmp_path, "[DEFAULT]\nport = 1\n")) == ("[DEFAULT]: there is no such section.",)


def test_variables_win_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nport = 1\nhost = a\n")
    loaded = config.load(path, {"DAVBRIDGE_SERVER_PORT": "2", "HOME": "/", "DAVBRIDGE_CONFIG": str(path)})
    assert (loaded.server.port, loaded.server.host) == (2, "a")


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:p@h/d\n", encoding="utf-8")
    loaded = config.load(None, {"DAVBRIDGE_DATABASE_URL_FILE": str(secret)})
    assert loaded.database.url == "postgresql+psycopg://u:p@h/d"


def test_an_option_whose_own_name_ends_in_file_is_not_read_from_a_file(tmp_path: Path) -> None:
    loaded = config.load(None, {"DAVBRIDGE_SECURITY_SECRET_FILE": str(tmp_path / "key")})
    assert loaded.security.secret_file == tmp_path / "key"


def test_radicale_gets_its_own_part_without_the_prefix(tmp_path: Path) -> None:
    path = write(tmp_path, "[radicale.logging]\nlevel = debug\n[radicale.web]\ntype = none\n")
    loaded = config.load(path, {"DAVBRIDGE_RADICALE_LOGGING_LEVEL": "error"})
    assert loaded.radicale == {"logging": {"level": "error"}, "web": {"type": "none"}}


@pytest.mark.parametrize("given", ["certificate = a.pem", "key = a.pem"])
def test_tls_needs_certificate_and_key(tmp_path: Path, given: str) -> None:
    assert problems(write(tmp_path, f"[server]\n{given}\n")) == (
        "[server] certificate and key: TLS needs both of them.",
    )


def test_a_wrong_address_does_not_betray_the_password(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path, "[database]\nurl = mysql://root:hunter2@h/d\n"))
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", None),
        ("1 B", 1),
        ("500kB", 500_000),
        ("10 MB", 10**7),
        ("1.5 MiB", 1_572_864),
        ("1 GB", 10**9),
        ("-1 B", None),
    ],
)
def test_sizes(text: str, expected: int | None) -> None:
    check(values.size, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 s", timedelta(seconds=10)),
        ("250ms", timedelta(milliseconds=250)),
        ("5 min", timedelta(minutes=5)),
        ("1 h", timedelta(hours=1)),
        ("30 d", timedelta(days=30)),
        ("10", None),
        ("ten s", None),
        ("", None),
    ],
)
def test_durations(text: str, expected: timedelta | None) -> None:
    check(values.duration, text, expected)


@pytest.mark.parametrize(("text", "expected"), [("10 s", timedelta(seconds=10)), ("9.9 s", None), ("0 s", None)])
def test_durations_that_must_not_be_short(text: str, expected: timedelta | None) -> None:
    check(values.at_least("10 s"), text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sqlite:///var/queue.sqlite3", "sqlite:///folder/var/queue.sqlite3"),
        ("sqlite:////var/queue.sqlite3", "sqlite:////var/queue.sqlite3"),
        ("redis://:secret@127.0.0.1:6379/1", "redis://:secret@127.0.0.1:6379/1"),
        ("rediss://host/0", "rediss://host/0"),
        ("sqlite:///", None),
        ("redis://host:port", None),
        ("amqp://user:secret@host", None),
        ("", None),
    ],
)
def test_addresses_of_queues(text: str, expected: str | None) -> None:
    check(values.queue_address, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("on", True), ("Yes", True), ("1", True), ("off", False), ("FALSE", False), ("maybe", None)]
)
def test_switches(text: str, expected: bool | None) -> None:
    check(values.switch, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("127.0.0.1, 10.0.0.0/8", (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))),
        ("::1", (ip_network("::1/128"),)),
        ("10.0.0.1/8", None),
        ("proxy", None),
    ],
)
def test_networks(text: str, expected: object) -> None:
    check(values.networks, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("https://dav.example.com/", "https://dav.example.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://example.com/dav", None),
        ("dav.example.com", None),
        ("ftp://example.com", None),
        ("https://[::1", None),
    ],
)
def test_base_urls(text: str, expected: str | None) -> None:
    check(values.base_url, text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sqlite:///var/a.sqlite3", "sqlite:///folder/var/a.sqlite3"),
        ("sqlite:////srv/a.sqlite3", "sqlite:////srv/a.sqlite3"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg2://h/d", None),
        ("oracle://h/d", None),
        ("", None),
    ],
)
def test_database_addresses(text: str, expected: str | None) -> None:
    check(values.database_url, text, expected)


@pytest.mark.parametrize("text", ["Europe/Nowhere", "../../etc/passwd", "", "/etc/localtime", "Europe"])
def test_what_is_no_time_zone(text: str) -> None:
    check(values.time_zone, text, None)


@given(st.text())
@example("~0")
def test_no_text_breaks_a_parser(text: str) -> None:
    declared = [option for kind in config.SECTIONS.values() for option in config.options(kind).values()]
    for option in declared:
        try:
            option.parse(text, HERE)
        except ValueError as error:
            assert str(error).endswith(".")  # noqa: PT017 - either outcome is right, but a refusal is a sentence


def check(parse: object, text: str, expected: object) -> None:
    assert callable(parse)
    if expected is not None:
        assert parse(text, HERE) == expected
        return
    with pytest.raises(ValueError, match=r"\.$"):
        parse(text, HERE)
