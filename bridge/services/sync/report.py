"""What a run or a preview tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridge.core.scope import FlowKind
from bridge.store.models.sync import RunOutcome


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended.

    ``counts`` are by action and outcome. ``message`` and ``remedy`` say what stood in the way, ``retry_at`` when it is
    tried again. ``requests`` are calls of the remote, ``waited`` the seconds spent waiting for it.
    """

    run_id: str
    outcome: RunOutcome
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    remedy: str = ""
    retry_at: datetime | None = None
    requests: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned:
    """One object in a preview (R19): what would be done about it, or the rule that leaves it out."""

    kind: FlowKind
    action: str
    title: str
    local_id: int | None = None
    remote_id: str | None = None
    rule: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do. ``danger`` is what the mass-delete guard (R22) would ask about."""

    items: tuple[Planned, ...]
    danger: str = ""

    def counts(self) -> dict[str, int]:
        """How many objects there are of each action."""
        found: dict[str, int] = {}
        for item in self.items:
            found[item.action] = found.get(item.action, 0) + 1
        return found
