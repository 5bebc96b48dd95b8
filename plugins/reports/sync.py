"""sync-collection (RFC 6578)."""

from collections.abc import Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from bridge.errors import Invalid, NotAllowed
from bridge.store.views import Resource
from plugins.reports.multistatus import Answer, missing, multistatus, truncated
from plugins.reports.properties import layout
from plugins.reports.request import DAV, Target, read_limit


def sync_collection(request: Element, target: Target) -> Answer:
    """Return what changed since the client's token, and a new token; 507 for the collection where there is more."""
    if target.name:
        raise NotAllowed("Only a collection can be synchronized.", condition="D:supported-report")
    _check_level(request)
    look = layout(request, target.collection, target.root)
    token = request.findtext(f"{DAV}sync-token", "").strip()
    limit = read_limit(request)
    if look.only_tags and not token and limit is None:
        tags = look.tags(target.reader.tags(target.collection))
        return multistatus(tags, target.collection.sync_token, free_text=look.free_text)
    changes = target.reader.changes(target.collection, token, limit)
    live = [resource for resource in changes.resources if not resource.deleted]
    responses = look.responses(with_texts(live, target) if look.needs_text else live)
    responses += [missing(target.href(resource.href)) for resource in changes.resources if resource.deleted]
    if changes.truncated:
        responses.append(truncated(target.root))
    return multistatus(responses, changes.token, free_text=look.free_text)


def with_texts(resources: Sequence[Resource], target: Target) -> Sequence[Resource]:
    """Return the resources, each with its text: whoever read them may have left that out."""
    lacking = [resource.href for resource in resources if not resource.text]
    if not lacking:
        return resources
    found = target.reader.get_many(target.collection, lacking)
    return [
        replace(resource, text=found[resource.href].text) if resource.href in found else resource
        for resource in resources
    ]


def _check_level(request: Element) -> None:
    """There is nothing below a collection, so both levels mean the same; old clients send a Depth header instead."""
    level = request.findtext(f"{DAV}sync-level")
    if level is not None and level.strip() not in ("1", "infinite", "infinity"):
        raise Invalid("The sync-level is 1 or infinite.")
