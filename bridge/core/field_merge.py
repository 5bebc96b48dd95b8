"""Three-way merge of fields, as a whole or by element, towards both sides at once (R23)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from bridge.core.courses import Way, Winner, course
from bridge.core.digest import encoded
from bridge.core.list_merge import Four, merge_lists
from bridge.core.merge import FieldConflict

Changes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Carried:
    """New values for fields of ours (``here``) and of theirs (``there``), and the conflicts about them."""

    here: Changes = field(default_factory=dict)
    there: Changes = field(default_factory=dict)
    conflicts: tuple[FieldConflict, ...] = ()

    def __add__(self, other: "Carried") -> "Carried":
        """Both; of two values for a field the later."""
        return Carried(self.here | other.here, self.there | other.there, self.conflicts + other.conflicts)


def read(name: str) -> Callable[[Any], Any]:
    """What reads a field of a record."""
    return lambda record: getattr(record, name)


def form_of(name: str) -> Callable[[Any], str]:
    """What writes a field of a normal form so that it can be compared."""
    return lambda form: encoded(getattr(form, name))


def merge_values(names: Iterable[str], four: Four[Any], forms: Four[Any], winner: Winner) -> Carried:
    """Merge fields that travel as a whole. ``forms`` are the normal forms of ``four``."""
    carried = Carried()
    for name in names:
        chosen = course(forms.said(form_of(name)), winner)
        ours, theirs = getattr(four.ours, name), getattr(four.theirs, name)
        if chosen.conflict:
            kept, lost = (theirs, ours) if chosen.way is Way.HERE else (ours, theirs)
            carried += Carried(conflicts=(FieldConflict(name, kept, lost),))
        if chosen.way is Way.HERE:
            carried.here[name] = theirs
        elif chosen.way is Way.THERE:
            carried.there[name] = ours
    return carried


def merge_elements(names: Iterable[str], four: Four[Any], forms: Four[Any], winner: Winner) -> Carried:
    """Merge fields that travel by their elements."""
    carried = Carried()
    for name in names:
        said = forms.said(form_of(name))
        if said.ours == said.theirs or not (said.ours_changed or said.theirs_changed):
            continue
        both = merge_lists(name, four.map(read(name)), winner)
        carried += Carried({name: both.ours}, {name: both.theirs}, both.conflicts)
    return carried
