"""A Host header that names no host is answered like any other bad request."""

import pytest

from bridge.config import Config
from bridge.store.database import Database
from tests.harness import Client, Office
from tests.web.conftest import Answering
from web import create_app


@pytest.mark.parametrize("host", ["a..b", ".", f"{'x' * 70}.example.com"])
@pytest.mark.parametrize("path", ["/", "/nowhere", "/feeds/x/activities.ics"])
def test_a_host_that_is_none_is_a_bad_request(sqlite_database: Database, host: str, path: str) -> None:
    application = create_app(Answering(feeds=Office(sqlite_database).feeds), Config())
    assert Client(application).request("GET", path, headers={"Host": host}).status == 400
