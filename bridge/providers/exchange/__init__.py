"""Calendars and contacts of an Exchange server of one's own, through Exchange Web Services."""
