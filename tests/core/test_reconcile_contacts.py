"""R23: the values of two versions of a contact are brought together one by one."""

from dataclasses import replace

import pytest

from bridge.core.contact import Birthday, Contact, Labelled, Name, Photo
from bridge.core.digest import same
from bridge.core.merge import FieldConflict
from bridge.core.reconcile import Winner
from tests.core.reconciling import ILZE, THEIR_ILZE, contacts, settled


def test_values_of_a_contact_are_merged_by_element() -> None:
    ours = replace(ILZE, emails=(*ILZE.emails, Labelled("new@example.com")), phones=())
    theirs = replace(THEIR_ILZE, emails=(replace(ILZE.emails[0], value="ILZE@example.com"), Labelled("x@example.com")))
    result = contacts(ours, theirs)
    values = {"ilze@example.com", "new@example.com", "x@example.com"}
    assert {email.value.lower() for email in result.ours.emails} == values
    assert same(result.ours, result.theirs)
    assert result.theirs.phones == ()
    assert result.conflicts == ()


def test_a_value_that_both_labelled_anew_is_a_conflict() -> None:
    ours = replace(ILZE, phones=(Labelled("+37129123456", "work"),))
    theirs = replace(THEIR_ILZE, phones=(Labelled("+371-29123456", "home"),))
    result = contacts(ours, theirs, Winner.OURS)
    assert result.theirs.phones == ours.phones
    assert result.conflicts == (FieldConflict("phones", ours.phones[0], theirs.phones[0]),)
    left = contacts(ours, theirs, Winner.NEITHER)
    assert (left.ours.phones, left.theirs.phones) == (ours.phones, theirs.phones)
    assert len(left.conflicts) == 1


def test_a_value_that_was_edited_is_not_removed() -> None:
    ours = replace(ILZE, phones=(Labelled("+37129123456", "work"),))
    result = contacts(ours, replace(THEIR_ILZE, phones=()))
    assert result.theirs.phones == result.ours.phones == ours.phones


def test_one_number_under_two_labels_is_two_values() -> None:
    twice = (Labelled("1", "home"), Labelled("1", "work"))
    base = (replace(ILZE, phones=twice), replace(THEIR_ILZE, phones=twice))
    result = settled(base, base[0], replace(base[1], phones=(Labelled("1", "work"), Labelled("1", "home"))))
    assert not result.ours_changed
    result = settled(base, base[0], replace(base[1], phones=twice[1:]))
    assert result.ours.phones == twice[1:]


def test_the_mark_of_the_primary_value_moves_as_one() -> None:
    first, second = ILZE.emails
    swapped = (replace(first, primary=False), replace(second, primary=True))
    result = contacts(
        replace(ILZE, emails=(*ILZE.emails, Labelled("x@example.com"))), replace(THEIR_ILZE, emails=swapped)
    )
    for side in (result.ours, result.theirs):
        assert [email.value for email in side.emails if email.primary] == [second.value]
        assert len(side.emails) == 3


@pytest.mark.parametrize("who", Winner)
def test_a_display_name_follows_the_parts(who: Winner) -> None:
    married = Name("Bērziņa", "Ilze")
    result = contacts(replace(ILZE, name=married, formatted_name="Ilze Bērziņa"), replace(THEIR_ILZE, title="CEO"), who)
    assert (result.theirs.name, result.theirs.formatted_name) == (married, "Ilze Bērziņa")
    result = contacts(ILZE, replace(THEIR_ILZE, name=married, formatted_name="Bērziņa, Ilze"), who)
    assert (result.ours.name, result.ours.formatted_name) == (married, "Bērziņa, Ilze")


def test_a_display_name_is_made_where_the_remote_has_none() -> None:
    expresses = frozenset({"name", "emails"})
    theirs = Contact("t", name=ILZE.name, emails=ILZE.emails)
    result = settled((ILZE, theirs), ILZE, replace(theirs, name=Name("Bērziņa", "Ilze")), expresses=expresses)
    assert result.ours.formatted_name == "Ilze Bērziņa"
    own = replace(ILZE, formatted_name="Ilze from the bank")
    result = settled((own, theirs), own, replace(theirs, name=Name("Bērziņa", "Ilze")), expresses=expresses)
    assert result.ours.formatted_name == "Ilze from the bank"


def test_a_name_that_was_taken_away_leaves_no_display_name() -> None:
    result = contacts(ILZE, replace(THEIR_ILZE, name=Name(), formatted_name=""))
    assert (result.ours.name, result.ours.formatted_name) == (Name(), "")
    expresses = frozenset({"name"})
    result = settled((ILZE, THEIR_ILZE), ILZE, replace(THEIR_ILZE, name=Name()), expresses=expresses)
    assert (result.ours.name, result.ours.formatted_name) == (Name(), "Ilze Kalniņa")


def test_parts_give_way_to_a_display_name_where_the_remote_has_no_parts() -> None:
    expresses = frozenset({"formatted_name"})
    theirs = Contact("t", formatted_name="Ilze Kalniņa")
    result = settled((ILZE, theirs), ILZE, replace(theirs, formatted_name="Ilze Bērziņa"), expresses=expresses)
    assert (result.ours.formatted_name, result.ours.name) == ("Ilze Bērziņa", Name())


def test_a_photo_and_a_birthday_travel_as_a_whole() -> None:
    result = contacts(replace(ILZE, photo=Photo(b"x")), replace(THEIR_ILZE, birthday=Birthday(5, 1)))
    assert (result.theirs.photo, result.ours.birthday) == (Photo(b"x"), Birthday(5, 1))
