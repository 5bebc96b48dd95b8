"""A DAV client on one persistent connection, with the requests of ``tests.harness.Client``."""

import base64
from http.client import HTTPConnection
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

from tests.harness import Client, Reply
from tests.system.server import Account


class Connection(Client):
    """Sends requests to a server, all on one connection that stays open."""

    def __init__(self, account: Account) -> None:
        super().__init__(None, account.login, account.password)
        host = urlsplit(account.url)
        self._connection = HTTPConnection(host.hostname or "", host.port, timeout=30)

    def request(self, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Reply:
        credentials = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {credentials}", "User-Agent": self.user_agent, **(headers or {})}
        octets = body.encode() if isinstance(body, str) else body
        self._connection.request(method, quote(path, safe="/%@:"), octets, sent)
        answer = self._connection.getresponse()
        return Reply(answer.status, dict(answer.headers), answer.read())

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()
