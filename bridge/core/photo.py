"""Pictures of contacts, made fit for cards: JPEG of bounded size, in memory only."""

import io

from PIL import Image, ImageOps

from bridge.core.contact import Photo

MAX_PIXELS = 50_000_000
"""More than any phone's camera gives; what unpacks to more is refused before it is decoded."""

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
_QUALITY = 85


def as_jpeg(photo: Photo, max_px: int = 512) -> Photo | None:
    """Return the picture as an upright JPEG of at most ``max_px`` pixels a side, transparency on white.

    A JPEG that is small enough already comes back unchanged. ``None`` for what is no picture, is damaged or is
    larger than ``MAX_PIXELS``.
    """
    try:
        with Image.open(io.BytesIO(photo.data), formats=_FORMATS) as image:
            return _converted(photo, image, max_px)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Warning, Image.DecompressionBombError):
        return None


def _converted(photo: Photo, image: Image.Image, max_px: int) -> Photo | None:
    if image.width * image.height > MAX_PIXELS:
        return None
    if image.format == "JPEG" and max(image.size) <= max_px:
        image.load()  # damaged ones fail here
        return Photo(photo.data, "image/jpeg")
    image.draft("RGB", (max_px * 2, max_px * 2))  # JPEG decodes smaller at once
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((max_px, max_px))
    target = io.BytesIO()
    _on_white(upright).save(target, "JPEG", quality=_QUALITY, optimize=True)
    return Photo(target.getvalue(), "image/jpeg")


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")
