"""The REPORTs of CalDAV, CardDAV and WebDAV sync, answered from finished texts by joining strings.

``read_request`` parses the body of a request and ``answer`` answers it from a ``ResourceReader``.
"""

from plugins.reports.dispatch import REPORTS, answer, supported
from plugins.reports.multistatus import Answer
from plugins.reports.port import ResourceReader
from plugins.reports.request import read_request

__all__ = ["REPORTS", "Answer", "ResourceReader", "answer", "read_request", "supported"]
