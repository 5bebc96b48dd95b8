"""What people see in their browser. ``create_app`` is the only entry."""

from web.app import create_app

__all__ = ["create_app"]
