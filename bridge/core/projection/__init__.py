"""CRM records <-> neutral objects, under a user's options (R8–R12, R27)."""
