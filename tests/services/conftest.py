import pytest

from bridge.services import redrawing
from bridge.store.database import Database
from tests.harness import Office


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three at a time are drawn, and more than two in the background."""
    monkeypatch.setattr(redrawing, "AT_ONCE", 2)
    monkeypatch.setattr(redrawing, "PORTION", 3)
