"""What DAV clients are known to do, by their User-Agent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientTraits:
    """Which properties a client gives back. One that it does not give back is not cleared by its absence (D11)."""

    name: str
    keeps_photo: bool
    keeps_categories: bool


# (fragment of the User-Agent, traits). Order matters: the first fragment found wins.
_KNOWN: tuple[tuple[str, ClientTraits], ...] = (
    ("davx5", ClientTraits("DAVx5", keeps_photo=True, keeps_categories=False)),  # group cards by default
    ("thunderbird", ClientTraits("Thunderbird", keeps_photo=True, keeps_categories=True)),
    ("dataaccessd", ClientTraits("iOS", keeps_photo=True, keeps_categories=False)),  # shows no CATEGORIES
    ("accountsd", ClientTraits("iOS", keeps_photo=True, keeps_categories=False)),
    ("addressbook", ClientTraits("macOS Contacts", keeps_photo=True, keeps_categories=False)),
    ("macos", ClientTraits("macOS", keeps_photo=True, keeps_categories=False)),
    ("ios/", ClientTraits("iOS", keeps_photo=True, keeps_categories=False)),
    ("evolution", ClientTraits("Evolution", keeps_photo=True, keeps_categories=True)),
    ("caldavsynchronizer", ClientTraits("Outlook (CalDavSynchronizer)", keeps_photo=False, keeps_categories=True)),
    ("vdirsyncer", ClientTraits("vdirsyncer", keeps_photo=True, keeps_categories=True)),
    ("em client", ClientTraits("eM Client", keeps_photo=True, keeps_categories=True)),
    ("python-caldav", ClientTraits("python-caldav", keeps_photo=True, keeps_categories=True)),
    ("tsdav", ClientTraits("tsdav", keeps_photo=True, keeps_categories=True)),
)


def client_traits(user_agent: str) -> ClientTraits:
    """Look a client up. A stranger is trusted with nothing that it might simply not show."""
    agent = user_agent.lower()
    for fragment, traits in _KNOWN:
        if fragment in agent:
            return traits
    return ClientTraits(user_agent.split("/", maxsplit=1)[0][:60], keeps_photo=False, keeps_categories=False)
