"""Serve our own CSS, JavaScript and fonts under URLs that change when any of them changes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from sidecar.web.access import audience

FOLDER = Path(__file__).parent / "static"
YEAR_S = 365 * 24 * 3600

blueprint = Blueprint("assets", __name__)


@cache
def build() -> str:
    """Return the digest of everything in the folder: the part of each URL that makes it cacheable for ever."""
    digest = hashlib.sha256()
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(FOLDER)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def asset(name: str) -> str:
    """Return the URL of a file in the static folder."""
    return f"/static/{build()}/{name}"


@blueprint.get("/static/<of_build>/<path:name>")
@audience("public")
def static_file(of_build: str, name: str) -> Response:
    """Send an asset; only the current build may be kept for ever."""
    response = send_from_directory(FOLDER, name, max_age=YEAR_S)
    response.cache_control.public = True
    if of_build == build():
        response.cache_control.immutable = True
    else:
        response.cache_control.max_age = 60
    return response
