import io
import struct
import zlib

import pytest
from PIL import Image

from bridge.core.contact import Photo
from bridge.core.photo import as_jpeg


def picture(mode: str, size: tuple[int, int], kind: str, color: object = None, **options: object) -> Photo:
    target = io.BytesIO()
    Image.new(mode, size, color).save(target, kind, **options)  # type: ignore[arg-type]
    return Photo(target.getvalue(), f"image/{kind.lower()}")


def opened(photo: Photo | None) -> Image.Image:
    assert photo is not None
    assert photo.media_type == "image/jpeg"
    image = Image.open(io.BytesIO(photo.data))
    assert image.format == "JPEG"
    return image


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "GIF"), ("I;16", "PNG")],
)
def test_large_pictures_shrink_and_keep_their_shape(mode: str, kind: str) -> None:
    image = opened(as_jpeg(picture(mode, (1200, 600), kind)))
    assert image.size == (512, 256)
    assert image.mode == "RGB"


def test_small_jpeg_keeps_its_bytes() -> None:
    photo = picture("RGB", (512, 300), "JPEG")
    assert as_jpeg(photo) == photo
    assert as_jpeg(Photo(photo.data, "image/png")) == photo


def test_small_png_becomes_jpeg_of_the_same_size() -> None:
    assert opened(as_jpeg(picture("RGB", (40, 30), "PNG"))).size == (40, 30)


def test_transparency_lies_on_white() -> None:
    assert opened(as_jpeg(picture("RGBA", (8, 8), "PNG", (0, 0, 0, 0)))).getpixel((4, 4)) == (255, 255, 255)


def test_rotation_is_carried_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(as_jpeg(picture("RGB", (1200, 600), "JPEG", exif=exif))).size == (256, 512)


def bomb() -> bytes:
    """A PNG that says it is 100,000 pixels wide and high."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b""), b"IEND"]
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        bomb(),
        picture("1", (9000, 9000), "PNG").data,
        picture("RGB", (600, 600), "JPEG").data[:400],
        picture("RGB", (60, 60), "PNG").data[:50],
        b"\xff\xd8\xff\xe0" + b"\0" * 50,
    ],
    ids=["empty", "text", "bomb", "too-large", "cut-jpeg", "cut-png", "zeros"],
)
def test_what_is_no_usable_picture_gives_none(data: bytes) -> None:
    assert as_jpeg(Photo(data)) is None
