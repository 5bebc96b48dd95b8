"""QR codes as pictures within the page: nothing has to be fetched, and no other address shows what they hold."""

import segno
from markupsafe import Markup

_QUIET_ZONE = 2  # modules; the frame around it is white as well


def qr_code(text: str) -> Markup:
    """Draw a text as an SVG element."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(border=_QUIET_ZONE, omitsize=True)
    return Markup(drawn)  # noqa: S704 - made of modules, none of the text is in it
