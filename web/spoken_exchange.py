"""The sentences about Exchange servers."""


def _(text: str) -> str:
    """Mark a text for translators."""
    return text


EXCHANGE = (
    _(
        "%(place)s belongs to Exchange Online, where Exchange Web Services are closed: they end for everybody on"
        " April 1, 2027."
    ),
    _("Connect it as a Microsoft 365 account."),
    _("No Exchange server was found for %(domain)s."),
    _("Enter the address of the server; it ends in /EWS/Exchange.asmx."),
    _("The domain names %(host)s as its Exchange server, without proof; nothing was sent there."),
    _("If you trust it, enter %(address)s as the address of the server."),
    _("There are no Exchange Web Services at this address (status %(status)s)."),
    _("Check the address of the server; it ends in /EWS/Exchange.asmx."),
    _("sending a password over plain HTTP"),
    _("Enter an address that begins with https://, or ask your administrator."),
    _("Nobody can tell where this Exchange server is."),
    _("Exchange no longer has this folder."),
    _("Exchange knows no series that recurs like this one."),
    _("Exchange knows no series of more than %(count)s events."),
    _("Exchange knows no series with single additional dates."),
    _("Exchange knows no time zone like that of this series."),
    _("Ask whoever administers the Exchange server."),
    _("Exchange does not take this (%(code)s): %(reason)s"),
    _("Exchange failed to answer: %(reason)s"),
)
