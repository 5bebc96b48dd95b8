"""What services and the page itself say when something is not allowed or not possible, on pages of their own."""


def _(text: str) -> str:
    """Mark a text for translators."""
    return text


PAGES = (
    _("Only administrators see this page."),
    _("Only an administrator may do this."),
    _("Sign in first."),
    _("Signing in was not begun in this browser."),
    _("Begin again."),
    _("This account is disabled here."),
    _("There is no user “%(name)s” here."),
    _("“%(name)s” is somebody else here."),
    _("Ask your administrator."),
    _("You may only connect accounts of your own."),
    _("You may only see your own connections."),
    _("The former connection of this account was removed just now."),
    _("Try again."),
    _("This activity belongs to a series that comes from a calendar."),
    _("Edit the series in the calendar it comes from."),
    _("You may not add people."),
    _("You may not add organizations."),
    _("These persons do not all belong to one user."),
    _("A merge needs at least two persons."),
    _("At least two persons are needed."),
    _("It has been changed since."),
    _("There are too many unused links."),
    _("Wait ten minutes; they expire by then."),
    _("Too many programs wait for consent."),
)
