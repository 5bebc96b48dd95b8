from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.core import ical, recurrence
from bridge.core.contentline import Component, parse, serialize
from bridge.errors import Invalid

STAMP = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.shared_data


def body(component: Component) -> list[str]:
    """Every line of a component and of those inside it, in its original bytes."""
    lines = [line.raw for line in component.lines]
    return lines + [line for inner in component.components for line in body(inner)]


def objects_of(text: str) -> list[str]:
    found = [inner for outer in parse(text) for inner in ([outer] if outer.name != "VCALENDAR" else outer.components)]
    return sorted(line for inner in found if inner.name != "VTIMEZONE" for line in body(inner))


def test_every_file_is_kept_byte_for_byte_or_refused_with_a_sentence(shared_data: Path) -> None:
    files = sorted((shared_data / "corpora").rglob("*.ics"))
    stored, refused = 0, Counter[str]()
    for file in files:
        text = file.read_bytes().decode("utf-8", "surrogateescape")
        try:
            parts = ical.split(text)
        except Invalid as error:
            refused[f"{file.name}: {error}"] += 1
            continue
        assert sorted(line for part in parts for line in objects_of(part)) == objects_of(text)
        for part in parts:
            try:
                check_one(part)
                stored += 1
            except Invalid as error:
                refused[f"{file.name}: {error}"] += 1
    print(f"{stored} stored, {refused.total()} refused:", *sorted(refused), sep="\n")  # noqa: T201 - why, for the reader
    assert len(files) > 100
    assert refused.total() <= 45
    assert stored >= 100


def check_one(text: str) -> None:
    calendar = ical.read(text)
    assert serialize(calendar) == text
    low, high = recurrence.span(calendar, UTC)
    assert high is None or low <= high
    recurrence.expand(calendar, datetime(1990, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC), UTC)
    if ical.component_kind(calendar) in {"VEVENT", "VTODO"}:
        event = ical.event(calendar)
        assert serialize(ical.patch(calendar, event, stamp=STAMP)) == serialize(
            ical.with_uid(calendar, event.uid) if event.uid else calendar
        )
        rendered = ical.render(event, stamp=STAMP)
        assert ical.patch(ical.read(rendered), event, stamp=STAMP) == ical.read(rendered)
