import pytest

from bridge.store.database import Database
from tests.harness import Office


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)
