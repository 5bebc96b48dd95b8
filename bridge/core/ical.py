"""iCalendar text and the neutral ``Event``, in both directions (RFC 5545, RFC 7986, RFC 4791 4.1).

What clients stored is kept as their own text (D16): ``patch`` replaces only the mapped properties that differ.
This module is the door to the rooms behind it, one for each job.
"""

from bridge.core.ical_event import event
from bridge.core.ical_object import PRODID, component_kind, for_colleague, join, read, split, uid, with_uid
from bridge.core.ical_patch import convert, draw, patch, render

__all__ = [
    "PRODID",
    "component_kind",
    "convert",
    "draw",
    "event",
    "for_colleague",
    "join",
    "patch",
    "read",
    "render",
    "split",
    "uid",
    "with_uid",
]
