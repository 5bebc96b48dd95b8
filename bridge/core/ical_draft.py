"""A component while it is being changed: lines are replaced where they stand, and no other is touched."""

from collections.abc import Callable, Sequence

from bridge.core.contentline import Component, ContentLine


class Draft:
    """Collects changes to one component. ``component`` is the state so far, ``changed`` whether it differs."""

    def __init__(self, component: Component) -> None:
        self._original = component
        self.component = component

    @property
    def changed(self) -> bool:
        """Whether anything differs from the beginning."""
        return self.component is not self._original

    def put(self, line: ContentLine) -> None:
        """Let ``line`` be the only one of its name, in the place of the first one so far."""
        self.replace(lambda other: other.name == line.name, line)

    def drop(self, *names: str) -> None:
        """Remove all lines of these names."""
        self.replace(lambda other: other.name in names)

    def replace(self, unwanted: Callable[[ContentLine], bool], *lines: ContentLine) -> None:
        """Put ``lines`` where the first unwanted line stands, or else after all lines; remove the unwanted ones."""
        children = self.component.children
        places = [index for index, child in enumerate(children) if isinstance(child, ContentLine) and unwanted(child)]
        if not places and not lines:
            return
        gone = set(places)
        kept = [child for index, child in enumerate(children) if index not in gone] if gone else children
        place = places[0] if places else _after_lines(kept)
        self.component = Component(self.component.name, (*kept[:place], *lines, *kept[place:]))


def _after_lines(children: Sequence[ContentLine | Component]) -> int:
    """Where a new line goes: behind the last one, before what comes after it."""
    for index in range(len(children), 0, -1):
        if isinstance(children[index - 1], ContentLine):
            return index
    return 0
