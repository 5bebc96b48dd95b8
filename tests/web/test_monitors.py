from flask.testing import FlaskClient

from bridge.errors import BridgeError, TemporaryError
from tests.web.conftest import Answering


def test_the_process_is_alive_whatever_the_database_does(client: FlaskClient, services: Answering) -> None:
    services.trouble = BridgeError("The database does not answer.")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "alive\n")


def test_it_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_not_ready_and_says_why(client: FlaskClient, services: Answering) -> None:
    services.trouble = TemporaryError("The database does not answer.")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
    assert answer.mimetype == "text/plain"
