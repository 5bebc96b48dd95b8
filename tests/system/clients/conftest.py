"""What the tests of all clients need. Each of them sends what its client sends, as far as it is known."""

import pytest

from bridge.core.user import User
from bridge.store.database import Database
from tests.harness import Office


@pytest.fixture
def office(sqlite_database: Database) -> Office:
    """Anna uses the client that is tested; Bob is her colleague."""
    office = Office(sqlite_database)
    office.user("anna")
    office.user("bob", name="Bob Berg")
    return office


@pytest.fixture
def anna(office: Office) -> User:
    return office.principals.find("anna")
