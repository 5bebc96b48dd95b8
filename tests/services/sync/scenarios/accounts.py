"""Accounts at the services of our own, by the names of their providers."""

from __future__ import annotations

from typing import Any

from tests.services.sync.scenarios.exchange_remote import exchange_account
from tests.services.sync.scenarios.google_remote import google_account
from tests.services.sync.scenarios.graph_remote import graph_account

ACCOUNTS: dict[str, Any] = {"google": google_account, "graph": graph_account, "exchange": exchange_account}
