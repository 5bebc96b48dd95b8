"""Configuration profiles of Apple: one file that adds the calendars and the contacts of a user (R26).

Keys: Apple Device Management, ``com.apple.caldav.account``, ``com.apple.carddav.account``, top level. The identifiers
follow from server, user and device: installing a profile again replaces the account in place of adding a second one.
"""

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

CONTENT_TYPE = "application/x-apple-aspen-config"


@dataclass(frozen=True, slots=True)
class ProfileDetails:
    """What a profile holds.

    ``path`` is where DAV is mounted, without a final slash. ``title`` names the accounts on the device, ``device``
    tells the devices of one user apart. ``consent`` is what the device shows before it installs the profile, by
    language (BCP 47), with the one for all other languages under ``default``.
    """

    host: str
    port: int
    tls: bool
    path: str
    login: str
    password: str
    title: str
    device: str
    description: str = ""
    consent: Mapping[str, str] = field(default_factory=dict)


def render(details: ProfileDetails) -> bytes:
    """Write the profile as XML, not yet signed. The password is in it."""
    space = uuid5(NAMESPACE_URL, f"davbridge:{details.host}:{details.port}/{details.login}/{details.device}")
    profile: dict[str, Any] = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadDisplayName": details.title,
        "PayloadDescription": details.description,
        "PayloadOrganization": details.title,
        "PayloadRemovalDisallowed": False,
        **_identity(space, "profile"),
        "PayloadContent": [_account(details, space, "CalDAV"), _account(details, space, "CardDAV")],
    }
    if details.consent:
        profile["ConsentText"] = dict(details.consent)
    return plistlib.dumps(profile, sort_keys=True)


def _account(details: ProfileDetails, space: UUID, kind: str) -> dict[str, Any]:
    """One account; the keys of both kinds differ in their prefix only."""
    return {
        "PayloadType": f"com.apple.{kind.lower()}.account",
        "PayloadVersion": 1,
        "PayloadDisplayName": f"{details.title} ({kind})",
        "PayloadOrganization": details.title,
        **_identity(space, kind.lower()),
        f"{kind}AccountDescription": details.title,
        f"{kind}HostName": details.host,
        f"{kind}Port": details.port,
        f"{kind}UseSSL": details.tls,
        f"{kind}PrincipalURL": f"{details.path}/{quote(details.login)}/",
        f"{kind}Username": details.login,
        f"{kind}Password": details.password,
    }


def _identity(space: UUID, part: str) -> dict[str, str]:
    return {
        "PayloadIdentifier": f"davbridge.{space}.{part}",
        "PayloadUUID": str(uuid5(space, part)).upper(),
    }
