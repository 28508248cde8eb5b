"""Say which file of a package is shown as what; anything else is only offered for download.

The map is fixed: neither the machine's own nor the browser's guess decides.
"""

from __future__ import annotations

DOWNLOAD = "application/octet-stream"

MEDIA_TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "xhtml": "application/xhtml+xml",
    "css": "text/css",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "json": "application/json",
    "map": "application/json",
    "webmanifest": "application/manifest+json",
    "xml": "text/xml",
    "xsd": "text/xml",
    "dtd": "application/xml-dtd",
    "xsl": "text/xml",
    "txt": "text/plain",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "srt": "text/plain",
    "md": "text/plain",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
    "cur": "image/x-icon",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "wav": "audio/wav",
    "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "eot": "application/vnd.ms-fontobject",
    "wasm": "application/wasm",
    "pdf": "application/pdf",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
}
"""Media type by the file name's ending in lower case."""

TEXTS = frozenset(("text/css", "text/javascript", "text/plain", "text/csv", "text/vtt", "application/json"))
"""Sent as UTF-8; HTML and XML say themselves what they are written in."""

DOCUMENTS = frozenset(("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml"))
"""What runs script when it is opened by itself."""


def media_type_of(path: str) -> str:
    """Return the media type of a file by the ending of its name."""
    return MEDIA_TYPES.get(path.rpartition(".")[2].lower(), DOWNLOAD) if "." in path else DOWNLOAD
