from xml.etree import ElementTree as ET

import pytest

from bridge.core.query.filters import (
    CardFilter,
    Collation,
    CompFilter,
    MatchType,
    ParamFilter,
    PropFilter,
    Test,
    TextMatch,
    TimeRange,
)
from bridge.core.query.prefilter import Prefilter, prefilter
from bridge.core.query.reading import calendar_filter, card_filter
from bridge.core.query.selection import CompSelection, Selection, address_data, calendar_data
from bridge.errors import Invalid


def xml(text: str, wrapper: str = "filter", attributes: str = "", namespace: str = "caldav") -> ET.Element:
    return ET.fromstring(f'<{wrapper} xmlns="urn:ietf:params:xml:ns:{namespace}" {attributes}>{text}</{wrapper}>')


def inner(text: str, name: str = "VEVENT") -> CompFilter:
    (found,) = calendar_filter(
        xml(f'<comp-filter name="VCALENDAR"><comp-filter name="{name}">{text}</comp-filter></comp-filter>')
    ).comps
    return found


def card(text: str, attributes: str = "") -> CardFilter:
    return card_filter(xml(text, attributes=attributes, namespace="carddav"))


def test_everything_a_calendar_filter_can_say_is_read() -> None:
    found = inner(
        '<time-range start="20060104T000000Z" end="20060105T000000Z"/>'
        '<prop-filter name="uid"><text-match collation="i;octet">DC6C</text-match></prop-filter>'
        '<prop-filter name="ATTENDEE"><text-match negate-condition="yes">a</text-match>'
        '<param-filter name="partstat"><text-match collation="i;ascii-casemap">needs</text-match></param-filter>'
        '<param-filter name="RSVP"><is-not-defined/></param-filter></prop-filter>'
        '<prop-filter name="COMPLETED"><is-not-defined/></prop-filter>'
        '<prop-filter name="CREATED"><time-range start="20060104T000000Z"/></prop-filter>'
        '<comp-filter name="VALARM"><time-range end="20060106T170000Z"/></comp-filter>'
        '<comp-filter name="X"><is-not-defined/></comp-filter>'
    )
    attendee = PropFilter(
        "ATTENDEE",
        texts=(TextMatch("a", negate=True),),
        params=(ParamFilter("PARTSTAT", text=TextMatch("needs")), ParamFilter("RSVP", defined=False)),
    )
    assert found == CompFilter(
        "VEVENT",
        time_range=TimeRange(1136332800, 1136419200),
        props=(
            PropFilter("UID", texts=(TextMatch("DC6C", Collation.OCTET),)),
            attendee,
            PropFilter("COMPLETED", defined=False),
            PropFilter("CREATED", time_range=TimeRange(1136332800)),
        ),
        comps=(CompFilter("VALARM", time_range=TimeRange(None, 1136566800)), CompFilter("X", defined=False)),
    )


def test_everything_an_address_book_filter_can_say_is_read() -> None:
    found = card(
        '<prop-filter name="item1.tel" test="allof"><text-match match-type="starts-with">+371</text-match>'
        '<param-filter name="type"><text-match match-type="equals" collation="i;ascii-casemap">work</text-match>'
        "</param-filter></prop-filter>"
        '<prop-filter name="NICKNAME"><is-not-defined/></prop-filter>',
        'test="allof"',
    )
    tel = PropFilter(
        "TEL",
        "ITEM1",
        texts=(TextMatch("+371", Collation.UNICODE, MatchType.STARTS),),
        params=(ParamFilter("TYPE", text=TextMatch("work", Collation.ASCII, MatchType.EQUALS)),),
    )
    assert found == CardFilter(Test.ALLOF, (tel, PropFilter("NICKNAME", defined=False)))
    assert card("") == CardFilter(Test.ANYOF)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", "C:valid-filter"),
        ('<comp-filter name="VEVENT"/>', "C:valid-filter"),
        ("<comp-filter/>", "C:valid-filter"),
        ('<comp-filter name="VCALENDAR"/><comp-filter name="VCALENDAR"/>', "C:valid-filter"),
        ('<comp-filter name="VCALENDAR"><is-not-defined/><prop-filter name="X"/></comp-filter>', "C:valid-filter"),
        ('<comp-filter name="VCALENDAR"><cheese/></comp-filter>', "C:supported-filter"),
        ('<comp-filter name="VCALENDAR">' * 8 + "</comp-filter>" * 8, "C:supported-filter"),
        ('<comp-filter name="VCALENDAR">' + '<prop-filter name="X"/>' * 300 + "</comp-filter>", "C:valid-filter"),
    ],
)
def test_a_filter_of_the_wrong_shape_names_its_precondition(text: str, condition: str) -> None:
    with pytest.raises(Invalid) as caught:
        calendar_filter(xml(text))
    assert caught.value.condition == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("<time-range/>", "C:valid-filter"),
        ('<time-range start="20060104"/>', "C:valid-filter"),
        ('<time-range start="20060104T000000"/>', "C:valid-filter"),
        ('<time-range start="20060104T000000+0100"/>', "C:valid-filter"),
        ('<time-range start="20061304T000000Z"/>', "C:valid-filter"),
        ('<time-range start="20060105T000000Z" end="20060104T000000Z"/>', "C:valid-filter"),
        ('<time-range start="20060105T000000Z" end="20060105T000000Z"/>', "C:valid-filter"),
        ('<time-range start="00000105T000000Z"/>', "C:min-date-time"),
        ('<time-range end="20060104T000000Z"/>' * 2, "C:valid-filter"),
        ('<comp-filter name="VTIMEZONE"><time-range end="20060104T000000Z"/></comp-filter>', "C:supported-filter"),
        (
            '<prop-filter name="X"><text-match collation="i;nothing">a</text-match></prop-filter>',
            "C:supported-collation",
        ),
        ('<prop-filter name="X"><text-match negate-condition="maybe">a</text-match></prop-filter>', "C:valid-filter"),
        ('<prop-filter name="X"><comp-filter name="Y"/></prop-filter>', "C:supported-filter"),
        ("<prop-filter><text-match>a</text-match></prop-filter>", "C:valid-filter"),
    ],
)
def test_a_wrong_condition_names_its_precondition(text: str, condition: str) -> None:
    with pytest.raises(Invalid) as caught:
        inner(text)
    assert caught.value.condition == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('<prop-filter name="FN"><text-match collation="i;x">a</text-match></prop-filter>', "CR:supported-collation"),
        ('<prop-filter name="FN"><text-match match-type="like">a</text-match></prop-filter>', "CR:supported-filter"),
        ('<prop-filter name="FN" test="some"/>', "CR:supported-filter"),
        ("<prop-filter/>", "CR:supported-filter"),
        ("<comp-filter/>", "CR:supported-filter"),
        ('<prop-filter name="FN"><time-range start="20060104T000000Z"/></prop-filter>', "CR:supported-filter"),
    ],
)
def test_a_wrong_address_book_filter_names_its_precondition(text: str, condition: str) -> None:
    with pytest.raises(Invalid) as caught:
        card(text)
    assert caught.value.condition == condition


def test_the_years_1_and_9999_can_be_asked_for() -> None:
    found = inner('<time-range start="00010101T000000Z" end="99991231T235960Z"/>').time_range
    assert found == TimeRange(-62135596800, 253402300799)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Prefilter("VEVENT", exact=True)),
        ('<time-range start="19700101T000001Z"/>', Prefilter("VEVENT", 1, None, exact=True)),
        (
            '<prop-filter name="SUMMARY"><text-match>Šis "un, TAS"</text-match></prop-filter>',
            Prefilter("VEVENT", needle=" tas"),
        ),
        (
            '<prop-filter name="SUMMARY"><text-match negate-condition="yes">x</text-match></prop-filter>',
            Prefilter("VEVENT"),
        ),
        ('<prop-filter name="SUMMARY"><is-not-defined/></prop-filter>', Prefilter("VEVENT")),
        (
            '<time-range end="19700101T000001Z"/><comp-filter name="VALARM"/>',
            Prefilter("VEVENT", None, 1),
        ),
    ],
)
def test_a_calendar_filter_is_summed_up_for_the_database(text: str, expected: Prefilter) -> None:
    whole = CompFilter("VCALENDAR", comps=(inner(text),))
    assert prefilter(whole) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CompFilter("VCALENDAR"), Prefilter(exact=True)),
        (CompFilter("VCALENDAR", defined=False), Prefilter()),
        (CompFilter("VCALENDAR", comps=(CompFilter("VEVENT", defined=False),)), Prefilter()),
        (CompFilter("VCALENDAR", props=(PropFilter("X"),), comps=(CompFilter("VTODO"),)), Prefilter("VTODO")),
        (CompFilter("VCALENDAR", comps=(CompFilter("VTODO", time_range=TimeRange(1)),)), Prefilter("VTODO", 1)),
        (CardFilter(), Prefilter("VCARD", exact=True)),
    ],
)
def test_whole_filters_are_summed_up(wanted: CompFilter | CardFilter, expected: Prefilter) -> None:
    assert prefilter(wanted) == expected


@pytest.mark.parametrize(
    ("attributes", "props", "needle"),
    [
        ("", ["FN", "EMAIL", "TEL"], "ozol"),
        ('test="anyof"', ["FN"], "ozol"),
        ('test="allof"', ["FN", "EMAIL"], "ozol"),
    ],
)
def test_one_text_for_all_alternatives_can_be_searched(attributes: str, props: list[str], needle: str) -> None:
    body = "".join(f'<prop-filter name="{prop}"><text-match>Ozol</text-match></prop-filter>' for prop in props)
    assert prefilter(card(body, attributes)).needle == needle


def test_different_alternatives_cannot_be_searched_at_once() -> None:
    body = "".join(f'<prop-filter name="FN"><text-match>{text}</text-match></prop-filter>' for text in "ab")
    assert prefilter(card(body)).needle == ""
    assert (
        prefilter(
            card('<prop-filter name="FN"><text-match>a</text-match><param-filter name="X"/></prop-filter>')
        ).needle
        == ""
    )


def data(text: str, attributes: str = "") -> Selection:
    return calendar_data(xml(text, "calendar-data", attributes))


def test_a_selection_is_read() -> None:
    found = data(
        '<comp name="VCALENDAR"><prop name="version"/><comp name="VEVENT"><allprop/><allcomp/></comp>'
        '<comp name="VTODO"><prop name="SUMMARY" novalue="yes"/></comp><comp name="VTIMEZONE"/></comp>'
        '<expand start="19700101T000001Z" end="19700101T000002Z"/>'
    )
    comps = (
        CompSelection("VEVENT"),
        CompSelection("VTODO", (("SUMMARY", True),), ()),
        CompSelection("VTIMEZONE"),
    )
    assert found == Selection(CompSelection("VCALENDAR", (("VERSION", False),), comps), expand=(1, 2))
    assert not found.whole


def test_plain_data_are_wanted_whole() -> None:
    assert data("").whole
    assert data('<comp name="VCALENDAR"/>', 'content-type="text/calendar; charset=utf-8" version="2.0"').whole
    assert address_data(xml("", "address-data", 'version="4.0"', "carddav")).whole
    assert address_data(xml("<allprop/>", "address-data", "", "carddav")).whole


@pytest.mark.parametrize(
    ("text", "attributes", "condition"),
    [
        ("", 'content-type="application/calendar+json"', "C:supported-calendar-data"),
        ("", 'version="1.0"', "C:supported-calendar-data"),
        ('<expand start="19700101T000001Z"/>', "", "C:valid-filter"),
        ("<comp/>", "", ""),
        ('<comp name="VEVENT"><allprop/></comp>', "", ""),
        (
            (
                '<expand start="19700101T000001Z" end="19700101T000002Z"/>'
                '<limit-recurrence-set start="19700101T000001Z" end="19700101T000002Z"/>'
            ),
            "",
            "",
        ),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(text: str, attributes: str, condition: str) -> None:
    with pytest.raises(Invalid) as caught:
        data(text, attributes)
    assert caught.value.condition == condition


def test_address_data_in_another_format_are_refused() -> None:
    with pytest.raises(Invalid) as caught:
        address_data(xml("", "address-data", 'content-type="application/vcard+json"', "carddav"))
    assert caught.value.condition == "CR:supported-address-data"
