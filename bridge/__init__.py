"""davbridge: CRM activities and contacts on any CalDAV/CardDAV client."""

__version__ = "0.1.0"
