"""Dead properties whose value is XML (RFC 4918 4.3): kept as texts like all the others, and given back as elements."""

from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

from bridge.services.principals import DISPLAYNAME

_MARK = "\x01"  # XML cannot carry it, so no text begins with it: what does is an element


def kept(prop: Element) -> str:
    """What is kept of a property: its text, or all of it where it has elements or attributes (``xml:lang``)."""
    if prop.tag == DISPLAYNAME or (not len(prop) and not prop.attrib):
        return "".join(prop.itertext())
    whole = Element(prop.tag, prop.attrib)
    whole.text = prop.text
    whole.extend(prop)
    return _MARK + tostring(whole, encoding="unicode")


def restore(prop: Element) -> None:
    """Put back, in place, what ``kept`` has made a text of."""
    text = next((found.text for found in (prop, *prop) if found.text and found.text.startswith(_MARK)), None)
    if text is None:
        return
    whole = fromstring(text.removeprefix(_MARK), forbid_dtd=True)
    prop.clear()
    prop.attrib.update(whole.attrib)
    prop.text = whole.text
    prop.extend(whole)
