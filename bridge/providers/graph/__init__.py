"""Microsoft 365 and Outlook.com: calendars and contacts through Microsoft Graph v1.0."""
