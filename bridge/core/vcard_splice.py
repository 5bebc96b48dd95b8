"""Replace, add and remove lines of a card, with what Apple keeps beside them in the same ``itemN`` group."""

import re
from collections.abc import Iterable, Mapping, Sequence

from bridge.core.contentline import Component, ContentLine

_ITEM = re.compile(r"item(\d{1,9})\Z", re.IGNORECASE)


def splice(
    card: Component,
    edits: Mapping[int, Sequence[ContentLine]],
    *,
    at: int | None = None,
    extra: Iterable[ContentLine] = (),
) -> Component:
    """Return the card with the children at the positions of ``edits`` replaced and ``extra`` inserted before ``at``.

    Labels whose line went away go with it.
    """
    children: list[ContentLine | Component] = []
    for position in range(len(card.children) + 1):
        if position == (len(card.children) if at is None else at):
            children += extra
        if position < len(card.children):
            children += edits.get(position, (card.children[position],))
    return _without_orphans(Component(card.name, tuple(children)), _labelled_groups(card))


def after_last(card: Component, *names: str) -> int | None:
    """Return the position behind the last line of these names and its companions; ``None`` means the end."""
    there = [at for at, child in enumerate(card.children) if isinstance(child, ContentLine) and child.name in names]
    if not there:
        return None
    at = there[-1]
    group = _group(card.children[at])
    while group and at + 1 < len(card.children) and _group(card.children[at + 1]) == group:
        at += 1
    return at + 1


def fresh_group(card: Component, taken: int = 0) -> str:
    """Return an ``itemN`` that the card does not use; ``taken`` is how many were already handed out."""
    numbers = [int(found[1]) for line in card.lines if (found := _ITEM.match(line.group))]
    return f"item{max(numbers, default=0) + 1 + taken}"


def is_companion(line: ContentLine) -> bool:
    """Whether the line only says something about another one of its group (X-ABLabel, X-ABADR)."""
    return bool(line.group) and line.name in {"X-ABLABEL", "X-ABADR"}


def _group(child: ContentLine | Component) -> str:
    return child.group.lower() if isinstance(child, ContentLine) else ""


def _labelled_groups(card: Component) -> set[str]:
    """The groups that hold a line of their own, beside companions."""
    return {line.group.lower() for line in card.lines if line.group and not is_companion(line)}


def _without_orphans(card: Component, before: set[str]) -> Component:
    gone = before - _labelled_groups(card)
    return Component(card.name, tuple(child for child in card.children if _group(child) not in gone)) if gone else card
