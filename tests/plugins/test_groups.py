"""A group stays a group, and a contact a contact, whatever is written over them."""

import pytest

from bridge.store.database import Database
from tests.harness import Client, Office, vcf

BOOK = "/dav/anna/contacts/"
GROUP = vcf("FN:Friends", "N:Friends;;;;", "X-ADDRESSBOOKSERVER-KIND:group")
PERSON = vcf()
COMPANY = vcf("FN:Cheese", "ORG:Cheese", "X-ABShowAs:COMPANY")


@pytest.fixture
def anna(sqlite_database: Database) -> Client:
    office = Office(sqlite_database)
    office.user("anna")
    return office.client("anna")


@pytest.mark.parametrize(("first", "second"), [(GROUP, PERSON), (GROUP, COMPANY), (PERSON, GROUP), (COMPANY, GROUP)])
def test_a_group_does_not_become_a_contact_nor_the_other_way_round(anna: Client, first: str, second: str) -> None:
    assert anna.put(f"{BOOK}one.vcf", first).status == 201
    before = anna.get(f"{BOOK}one.vcf")
    refused = anna.put(f"{BOOK}one.vcf", second)
    assert refused.status == 403
    assert "valid-address-data" in refused.text
    assert anna.get(f"{BOOK}one.vcf").body == before.body


@pytest.mark.parametrize(("first", "second"), [(GROUP, PERSON), (PERSON, GROUP), (GROUP, GROUP), (COMPANY, PERSON)])
def test_after_a_deletion_another_kind_may_have_the_name(anna: Client, first: str, second: str) -> None:
    assert anna.put(f"{BOOK}one.vcf", first).status == 201
    assert anna.delete(f"{BOOK}one.vcf").status == 204
    assert anna.put(f"{BOOK}one.vcf", second).status == 201
    kind = "X-ADDRESSBOOKSERVER-KIND:group"
    assert (kind in anna.get(f"{BOOK}one.vcf").text) is (kind in second)
