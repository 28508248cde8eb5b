"""Choose which bytes of a file to send, as a request for a part of it asks.

Source: RFC 9110 §14 (range requests), §13.1.5 (If-Range).
"""

from __future__ import annotations

from flask import Response, request


def choose_range(response: Response, digest: str, size_bytes: int) -> tuple[int, int]:
    """Return which bytes to send, from the first up to and without the last, and say so in the headers.

    Args:
        digest: of the file, which is its ETag.
    """
    wanted = request.range
    if_range = request.headers.get("If-Range")
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size_bytes
    if if_range not in (None, f'"{digest}"') or 0 < size_bytes <= -wanted.ranges[0][0]:
        return 0, size_bytes  # more than the whole from its end is the whole
    found = wanted.range_for_length(size_bytes)
    if found is None:
        response.headers["Content-Range"] = f"bytes */{size_bytes}"
        response.status_code = 416
        return 0, 0
    start, end = found[0] or 0, found[1] or size_bytes
    response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    response.status_code = 206
    return start, end
