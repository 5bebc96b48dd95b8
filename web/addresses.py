"""The addresses that programs need, as visitors reach this installation."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

# The path that stands for the user's own name in an address.
LOGIN = "<login>"


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of this installation as its visitors reach it. ``login`` is theirs, where it is known.

    ``root`` has no final slash.
    """

    root: str
    login: str = LOGIN

    @property
    def host(self) -> str:
        """The host, with the port if one is needed."""
        return urlsplit(self.root).netloc

    @property
    def encrypted(self) -> bool:
        """Whether it is https; many programs send no password otherwise."""
        return self.root.startswith("https://")

    @property
    def dav(self) -> str:
        """The DAV root, for clients that look around themselves."""
        return f"{self.root}/dav/"

    @property
    def davx5(self) -> str:
        """The link that opens DAVx5 on Android; it always means https."""
        return f"davx5://{self.host}/dav/"

    @property
    def davx5_flow(self) -> str:
        """The link that opens DAVx5 with the login flow, without any typing."""
        return (
            f"intent://{self.host}#Intent;action=android.intent.action.VIEW;"
            "component=at.bitfire.davdroid.ui.setup.LoginActivity;scheme=davx5;package=at.bitfire.davdroid;"
            "S.loginFlow=1;end"
        )

    def collection(self, name: str) -> str:
        """One of the user's collections."""
        login = self.login if self.login == LOGIN else quote(self.login)
        return f"{self.dav}{login}/{name}/"


@dataclass(frozen=True, slots=True)
class Record:
    """A DNS record, as a zone file has it."""

    name: str
    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} IN {self.kind} {self.value}"


def dns_records(root: str, domain: str) -> tuple[Record, ...]:
    """The records by which programs find the server from an e-mail address of a domain (RFC 6764 3 and 4)."""
    parts = urlsplit(root)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    names = [f"_{service}{'s' if secure else ''}._tcp.{domain or host}." for service in ("caldav", "carddav")]
    server, path = f"0 1 {port} {host}.", f'"path={parts.path}/dav/"'
    return tuple(Record(name, kind, value) for name in names for kind, value in (("SRV", server), ("TXT", path)))
