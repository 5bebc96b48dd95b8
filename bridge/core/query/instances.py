"""The instances of the components of one calendar object, recurring or not, as POSIX seconds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bridge.core.contentline import Component
from bridge.core.query.filters import TimeRange
from bridge.core.query.spans import TaskTimes
from bridge.core.query.times import Times

RECURRING = ("RRULE", "RDATE")


@dataclass(frozen=True, slots=True)
class Instances:
    """Finds where the components of ``calendar`` lie; an instance that is overridden belongs to its override only."""

    calendar: Component
    times: Times

    def events(self, component: Component, near: TimeRange) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the instances of a VEVENT or VJOURNAL: all that touch the range, and perhaps more."""
        if _recurs(component):
            yield from self._recurring(component, near)
        elif (single := self.times.event(component)) is not None:
            yield single

    def tasks(self, component: Component, near: TimeRange) -> Iterator[TaskTimes]:
        """Yield the instances of a VTODO, as for events."""
        single = self.times.task(component)
        if not _recurs(component) or single.start is None:
            yield single
            return
        for start, end in self._recurring(component, near):
            yield replace(single, start=start, due=None if single.due is None else end)

    def of(self, component: Component, near: TimeRange) -> Iterator[tuple[int, int]]:
        """Yield begin and end of the instances of any component, for its alarms: a task without one has but one."""
        if component.name != "VTODO":
            yield from self.events(component, near)
            return
        for task in self.tasks(component, near):
            start, due = task.start, task.due
            if start is not None or due is not None:
                yield (due if start is None else start) or 0, (start if due is None else due) or 0

    def _recurring(self, component: Component, near: TimeRange) -> Iterator[tuple[int, int]]:
        raise NotImplementedError


def _recurs(component: Component) -> bool:
    return component.line("RECURRENCE-ID") is None and any(component.line(name) is not None for name in RECURRING)
