"""What core points to has a page."""

from typing import get_args

import pytest
from flask import Flask

from sidecar.core.pointers import Pointer, PointerKind
from sidecar.web.pointers import address_of


@pytest.mark.parametrize("kind", get_args(PointerKind))
def test_everything_that_can_be_pointed_to_has_a_page(app: Flask, kind: PointerKind) -> None:
    address = address_of(Pointer(kind, "the-key"))
    _, arguments = app.url_map.bind("sidecar.example.no").match(address, method="GET")
    assert list(arguments.values()) == ([] if kind in {"roles", "new-role"} else ["the-key"])
