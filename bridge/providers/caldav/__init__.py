"""Any CalDAV and CardDAV server."""
