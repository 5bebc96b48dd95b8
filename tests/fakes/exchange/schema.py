"""What the schemas of Exchange Web Services say of requests and answers."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

_ROOT = Path(__file__).resolve().parents[3]
_XML = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">'
    '<xs:attribute name="lang" type="xs:language"/></xs:schema>'
)
_MEANT = {
    b'<xs:import namespace="http://www.w3.org/XML/1998/namespace"': (
        b'<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="xml.xsd"'
    ),
    # transitions substitute each other, and libxml2 wants to know at once which one is meant
    b'<xs:element ref="t:Transition" minOccurs="0" maxOccurs="unbounded" />': b"",
}


class _Resolver(etree.Resolver):  # type: ignore[misc]
    """The schemas lie beside the project; that of ``xml:lang`` they only mention."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, url: str, _public: str, context: Any) -> Any:
        name = url.rpartition("/")[2]
        if name == "xml.xsd":
            return self.resolve_string(_XML, context)
        text = (self.folder / name).read_bytes()
        for said, meant in _MEANT.items():
            text = text.replace(said, meant)
        return self.resolve_string(text, context, base_url=url)


@lru_cache(maxsize=1)
def schema() -> Any:
    """The schema of messages, or ``None`` where the shared data are missing."""
    folder = _ROOT.parent / "shared" / "data" / "ews"
    if not folder.is_dir():
        assert os.environ.get("CI") != "true", f"CI needs the shared data in {folder}."
        return None
    parser = etree.XMLParser()
    parser.resolvers.add(_Resolver(folder))
    return etree.XMLSchema(etree.parse(str(folder / "messages.xsd"), parser))


def mistakes(element: Any) -> list[str]:
    """What is wrong with a request or an answer."""
    known = schema()
    if known is None:
        return []
    alone = etree.fromstring(etree.tostring(element))
    return [] if known.validate(alone) else [f"{alone.tag}: {error.message}" for error in known.error_log]
