"""The sentences about accounts whose users consent on a page of the service, and about REST remotes.

They name the service by ``%(service)s``, so that each speaks for all of these services.
"""


def _(text: str) -> str:
    """Mark a text for translators."""
    return text


CONSENTS = (
    _("Choose what this account is for."),
    _("You signed in as %(address)s, but this connection is to %(other)s."),
    _("Choose %(other)s there, or add %(address)s as an account of its own."),
    _("Accounts of this kind cannot be connected here: this server is not set up for them."),
    _("This was begun too often."),
    _("Wait fifteen minutes, and begin again."),
    _("This was not begun in this browser, was finished already, or took longer than fifteen minutes."),
    _("Begin again from this page."),
    _("Connecting to %(service)s did not work: it was begun in another window."),
    _("%(service)s did not let you connect: %(reason)s."),
    _("it gave no reason"),
    _("Connect again and allow it. Ask your IT administrator to allow third-party calendar access."),
    _("Ask your IT administrator to allow third-party calendar access."),
    _("Reconnect the account, and leave every box ticked when %(service)s asks."),
    _("The sign-in at %(service)s has expired."),
    _("%(service)s no longer accepts the sign-in: it was revoked, or has expired."),
    _("%(service)s no longer accepts the sign-in."),
    _("%(service)s does not accept the sign-in (%(reason)s)."),
    _("The stored token cannot be read."),
    _("The stored token holds nothing to sign in with."),
    _("signing in with the OAuth client of this installation"),
    _("Ask your administrator to check the registration at %(service)s, on the page or in the section [%(section)s]."),
    _("connecting this account"),
    _("third-party access to this account"),
    _("use of the API of %(service)s"),
    _("Ask your administrator to enable the API of %(service)s in the Google Cloud project."),
    _("see and change events in your calendars (%(scope)s)"),
    _("see the list of your calendars (%(scope)s)"),
    _("see and change your contacts (%(scope)s)"),
    _("see and change your calendars (%(scope)s)"),
    _("Reconnect the account, and accept what %(service)s asks."),
    _("Ask your IT administrator to allow this application for everybody, at %(address)s"),
)
REST = (
    _("%(service)s asks us to come back later (quota)."),
    _("%(service)s's answer holds no token."),
    _("%(service)s answers with something else than JSON (status %(status)s)."),
    _("%(service)s no longer has this calendar or label."),
    _("%(service)s no longer has this label."),
    _("Choose another one."),
    _("Choose another group."),
    _("%(service)s does not let us change this: %(reason)s"),
    _("What is there cannot be read, so it is not changed: %(problem)s"),
    _("Ask your administrator to allow private addresses."),
    _("%(service)s would write to the guests of this event, so it is not changed from here."),
    _("%(service)s would write to the guests of this event, so it is not deleted from here."),
    _("Change it in Outlook, where its organizer decides who is told."),
    _("Connect it as Exchange, with its own server."),
    _("This server has no public https address, so services cannot tell it of changes: it looks for them itself."),
)
