"""Make pictures of pages small: a palette of the colours that are seen most."""

from __future__ import annotations

import base64
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

COLOURS = 256
DECODE = """async png => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const [width, height] = [image.naturalWidth, image.naturalHeight];
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const blob = new Blob([context.getImageData(0, 0, width, height).data]);
  const url = await new Promise(done => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
  return {width, height, pixels: url.split(",")[1]};
}"""

Colour = bytes
"""Red, green, blue, and opacity, which is not looked at."""


def with_fewer_colours(png: bytes, canvas: Page) -> bytes:
    """Return a PNG with a palette: exact where few colours are, and close where a picture has many.

    Args:
        canvas: a page without rules of its own, in which the browser decodes the picture.
    """
    decoded: Any = canvas.evaluate(DECODE, base64.b64encode(png).decode())
    width, height = decoded["width"], decoded["height"]
    raw = base64.b64decode(decoded["pixels"])
    pixels = [raw[at : at + 4] for at in range(0, len(raw), 4)]
    palette = _palette(pixels)
    places = bytes(map(palette.__getitem__, pixels))
    rows = b"".join(b"\0" + places[at : at + width] for at in range(0, len(places), width))
    colours = b"".join(colour[:3] for colour in list(palette)[:COLOURS])
    return _png(width, height, colours, rows)


def _palette(pixels: list[Colour]) -> Mapping[Colour, int]:
    """Return the place of each colour; those that are seen most come first and have their own."""
    ranked = [colour for colour, _count in Counter(pixels).most_common()]
    places = {colour: place for place, colour in enumerate(ranked[:COLOURS])}
    for colour in ranked[COLOURS:]:
        places[colour] = places[min(ranked[:COLOURS], key=lambda kept: _distance(kept, colour))]
    return places


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one[:3], other[:3], strict=True))


def _png(width: int, height: int, colours: bytes, rows: bytes) -> bytes:
    """Return an indexed PNG of eight bits a pixel.

    Source: PNG (Third Edition) §11.2 (critical chunks).
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
