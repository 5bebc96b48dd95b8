"""Radicale's rights plugin: asks the one place that decides."""

from radicale import config
from radicale.rights import BaseRights

from bridge.services.principals import permissions


class Rights(BaseRights):
    """What a user may do at a path."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)

    def authorization(self, user: str, user_groups: set[str], path: str) -> str:  # noqa: ARG002 - Radicale's signature
        """The permissions of ``user`` at ``path``, in Radicale's letters."""
        return permissions(user, path)
