from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from bridge.config import Config
from bridge.errors import BridgeError
from web import create_app


@dataclass(slots=True)
class Answering:
    """Services whose database answers until ``trouble`` is set."""

    trouble: BridgeError | None = None
    feeds: Any = None

    def ready(self) -> None:
        if self.trouble:
            raise self.trouble


@pytest.fixture
def services() -> Answering:
    return Answering()


@pytest.fixture
def client(services: Answering) -> FlaskClient:
    return create_app(services, Config()).test_client()
