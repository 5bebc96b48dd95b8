"""Google Calendar (Calendar API v3) and Google Contacts (People API v1)."""
