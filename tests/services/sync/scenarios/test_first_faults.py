"""What goes wrong at Google, Microsoft 365 and Exchange in a first run, at each of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.harness import Office
from tests.services.sync.scenarios.accounts import ACCOUNTS
from tests.services.sync.scenarios.first import First
from tests.services.sync.scenarios.troubles import TROUBLES, WAITING
from tests.services.sync.scenarios.world import World
from tests.system.chaos import CHAOS

_LATER = frozenset((".update", ".patch", ".delete", "UpdateItem", "DeleteItem"))
"""What a first run hardly ever asks for."""

_OF_TOKENS = frozenset(("410 of a listing", "a token that nobody knows"))
"""What nobody says of a listing that begins without a token."""

EACH = [
    pytest.param(remote, [name], id=f"{remote}-{name}")
    for remote in ACCOUNTS
    for name, trouble in TROUBLES[remote].items()
    if name not in _OF_TOKENS and not _LATER.issuperset(trouble.calls)
]
SOME = [pytest.param(remote, ["answer lost"], id=remote) for remote in ACCOUNTS]


@pytest.fixture
def first(office: Office, remote: str) -> Iterator[First]:
    with ACCOUNTS[remote](office.clock) as other:
        yield First(World(office, other), other)


@pytest.mark.parametrize(("remote", "names"), EACH if CHAOS else SOME)
def test_whatever_request_fails_it_ends_equal(first: First, remote: str, names: Sequence[str]) -> None:
    for name in names:
        trouble = TROUBLES[remote][name]
        first.strike(replace(trouble, states=(*trouble.states, WAITING)))  # where an incremental run begins anew
