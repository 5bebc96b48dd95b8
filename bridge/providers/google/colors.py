"""The eleven colours of Google's events and the names of CSS. Pure."""

from functools import lru_cache

from PIL import ImageColor

_EVENT_COLORS = {  # colorId: what Google shows, and the name that we give it
    "1": ("#7986cb", "cornflowerblue"),
    "2": ("#33b679", "mediumseagreen"),
    "3": ("#8e24aa", "darkorchid"),
    "4": ("#e67c73", "salmon"),
    "5": ("#f6c026", "gold"),
    "6": ("#f5511d", "orangered"),
    "7": ("#039be5", "dodgerblue"),
    "8": ("#616161", "dimgray"),
    "9": ("#3f51b5", "royalblue"),
    "10": ("#0b8043", "seagreen"),
    "11": ("#d60000", "crimson"),
}


def color_name(color_id: str) -> str:
    """The name of one of Google's colours; nothing for an unknown one."""
    return _EVENT_COLORS.get(color_id, ("", ""))[1]


@lru_cache(maxsize=256)
def color_id(name: str) -> str:
    """The one of Google's colours that is nearest to a CSS colour; nothing for what is none."""
    own = next((number for number, (_, known) in _EVENT_COLORS.items() if known == name), None)
    if own:
        return own
    try:
        wanted = ImageColor.getrgb(name)
    except ValueError:
        return ""
    return min(_EVENT_COLORS, key=lambda number: _distance(wanted, ImageColor.getrgb(_EVENT_COLORS[number][0])))


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((mine - theirs) ** 2 for mine, theirs in zip(one[:3], other[:3], strict=True))
