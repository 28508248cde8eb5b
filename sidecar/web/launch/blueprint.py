"""Hold the blueprint that the launch endpoints register at."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("launch", __name__)
