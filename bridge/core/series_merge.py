"""Three-way merge of when an event takes place: one unit, never half of it from either side (R11, R23).

Start, end and rules travel together. Only while both sides agree about the start and the rules of a series do its
single dates and its exceptions travel one by one: then they speak of the same occurrences.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from bridge.core.canonical_event import excluded, instant, is_rule, split_line
from bridge.core.contentline import make_line, read_line, text_of
from bridge.core.courses import Course, Way, Winner, course
from bridge.core.digest import canonical, encoded
from bridge.core.event import Event, Moment
from bridge.core.field_merge import Carried, Changes
from bridge.core.list_merge import Both, Four, merge_keyed
from bridge.core.merge import FieldConflict
from bridge.errors import Invalid

TIME = ("kind", "start", "end", "recurrence", "overrides")
"""The fields of the unit."""

OWN = frozenset({"uid", "sequence", "created", "modified", "links"})
"""What never travels."""

MergeOverride = Callable[[Four[Event]], Both[Event]]


@dataclass(frozen=True, slots=True)
class TimeMerge:
    """Merges the time of one event. ``expresses`` are the fields that travel; ``merge_override`` merges an exception.

    ``four`` is what both sides said, ``forms`` the same in normal form.
    """

    four: Four[Event]
    forms: Four[Event]
    winner: Winner
    expresses: frozenset[str]
    merge_override: MergeOverride

    def merge(self) -> Carried:
        """Return what becomes of the fields of our event and of theirs, and the conflicts."""
        anchor = self.forms.said(_anchor)
        if anchor.ours != anchor.theirs and (anchor.ours_changed or anchor.theirs_changed):
            return self._whole()
        chosen = course(self.forms.said(_pattern), self.winner)
        conflicts = self._conflicts(chosen, ("kind", "start", "end"))
        if not _has_details(self.forms):
            return Carried(*self._moved(chosen.way, ("kind", "start", "end", "recurrence")), conflicts)
        return self._piecewise(chosen, conflicts)

    def _whole(self) -> Carried:
        """The occurrences themselves differ: everything comes from one side."""
        chosen = course(self.forms.said(_unit), self.winner)
        here, there = self._moved(chosen.way, ("kind", "start", "end", "recurrence"))
        if "overrides" in self.expresses and chosen.way is Way.HERE:
            here["overrides"] = self._adopted(self.four.theirs.overrides, self.four.ours)
        elif "overrides" in self.expresses and chosen.way is Way.THERE:
            there["overrides"] = self._adopted(self.four.ours.overrides, self.four.theirs)
        return Carried(here, there, self._conflicts(chosen, TIME))

    def _piecewise(self, chosen: Course, conflicts: tuple[FieldConflict, ...]) -> Carried:
        here, there = self._moved(chosen.way, ("kind", "start", "end"))
        overrides = merge_keyed(self.four.map(_by_identity), self._form, self.merge_override)
        dates = merge_keyed(self.four.map(_single_dates), str, lambda one: Both(one.ours, one.theirs))
        if "overrides" in self.expresses:
            here["overrides"] = self._adopted(overrides.ours.values(), self.four.ours)
            there["overrides"] = self._adopted(overrides.theirs.values(), self.four.theirs)
        if "recurrence" in self.expresses:
            rules_here = self.four.theirs if chosen.way is Way.HERE else self.four.ours
            rules_there = self.four.ours if chosen.way is Way.THERE else self.four.theirs
            here["recurrence"] = self._recurrence(rules_here, dates.ours, overrides.ours)
            there["recurrence"] = self._recurrence(rules_there, dates.theirs, overrides.theirs)
        return Carried(here, there, conflicts + overrides.conflicts)

    def _recurrence(self, ruled: Event, dates: Mapping[str, str], overrides: Mapping[str, Event]) -> tuple[str, ...]:
        """Rules and dates; an occurrence that one side excluded and the other edited takes place (R23)."""
        edited = {key for override in overrides.values() if (key := _exclusion(override))}
        meant = {key for side in (self.four.ours, self.four.theirs) for key in _excluded_and_described(side)}
        dropped = edited - meant
        return (*filter(is_rule, ruled.recurrence), *(text for key, text in dates.items() if key not in dropped))

    def _moved(self, way: Way, names: Iterable[str]) -> tuple[Changes, Changes]:
        source = self.four.theirs if way is Way.HERE else self.four.ours
        changes = {name: getattr(source, name) for name in names if name in self.expresses}
        return changes if way is Way.HERE else {}, changes if way is Way.THERE else {}

    def _adopted(self, overrides: Iterable[Event], target: Event) -> tuple[Event, ...]:
        """Exceptions as ``target`` can hold them: what does not travel stays as it was there, or as in the series."""
        own = {_identity(override.recurrence_id): override for override in target.overrides}
        plain = replace(target, recurrence=(), overrides=())
        return tuple(
            override if override in target.overrides else self._adopt(override, own, plain) for override in overrides
        )

    def _adopt(self, override: Event, own: Mapping[str, Event], plain: Event) -> Event:
        known = own.get(_identity(override.recurrence_id), plain)
        travelling = ({*self.expresses, "recurrence_id", "done_at"} - OWN) & {*Event.__dataclass_fields__}
        return replace(known, **{name: getattr(override, name) for name in travelling})

    def _form(self, override: Event) -> str:
        return encoded(canonical(override, self.expresses))

    def _conflicts(self, chosen: Course, names: Iterable[str]) -> tuple[FieldConflict, ...]:
        if not chosen.conflict:
            return ()
        kept, lost = self.four.ours, self.four.theirs
        if chosen.way is Way.HERE:
            kept, lost = lost, kept
        return tuple(
            FieldConflict(name, getattr(kept, name), getattr(lost, name))
            for name in names
            if encoded(getattr(self.forms.ours, name)) != encoded(getattr(self.forms.theirs, name))
        )


def _anchor(form: Event) -> str:
    return encoded([form.kind, form.start, *filter(is_rule, form.recurrence)])


def _pattern(form: Event) -> str:
    return encoded([form.kind, form.start, form.end, *filter(is_rule, form.recurrence)])


def _unit(form: Event) -> str:
    return encoded([getattr(form, name) for name in TIME])


def _has_details(forms: Four[Event]) -> bool:
    """Whether single dates or exceptions differ anywhere; mostly there are none."""
    found = forms.said(lambda form: encoded([form.recurrence, form.overrides]))
    return not found.then_ours == found.then_theirs == found.ours == found.theirs


def _by_identity(event: Event) -> Mapping[str, Event]:
    return {_identity(override.recurrence_id): override for override in event.overrides}


def _identity(moment: Moment | None) -> str:
    return encoded(instant(moment))


def _single_dates(event: Event) -> Mapping[str, str]:
    """The lines of RDATE and EXDATE with one date each, by their normal form."""
    lines = (line for text in event.recurrence if not is_rule(text) for line in _one_by_one(text))
    return {form: line for line in lines for form in split_line(line, event)}


def _one_by_one(text: str) -> Iterable[str]:
    try:
        line = read_line(text)
    except Invalid:
        return (text,)
    values = (value.strip() for value in line.value.split(","))
    return tuple(text_of(make_line(line.name, value, line.params)) for value in values if value)


def _exclusion(override: Event) -> str:
    """The date that would take the occurrence of an exception out, unless that is what the exception says."""
    return excluded(override.recurrence_id) if override.recurrence_id is not None and not override.cancelled else ""


def _excluded_and_described(event: Event) -> set[str]:
    """What one side itself excludes and describes at once, as some clients do."""
    return set(_single_dates(event)) & {_exclusion(override) for override in event.overrides}
