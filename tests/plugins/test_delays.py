"""No request waits on purpose: a thread that sleeps is missing to the others."""

from bridge.store.database import Database
from plugins.application import DavOptions, DavServices, create_application
from tests.harness import Office


def test_radicale_never_sleeps(sqlite_database: Database) -> None:
    office = Office(sqlite_database)
    services = DavServices(office.principals, office.devices, office.resources)
    asked_for = {"auth": {"delay": "3"}, "server": {"delay_on_error": "3"}}
    application = create_application(services, DavOptions(radicale=asked_for))
    assert application.configuration.get("auth", "delay") == 0
    assert application.configuration.get("server", "delay_on_error") == 0
