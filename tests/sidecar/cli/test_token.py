"""`sidecar token add|list|revoke`."""

import re

import pytest

from sidecar.core import api_tokens
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.sidecar.cli.console import run, run_json

ADD = ("token", "add", "--scope", "scim", "--name", "Entra ID")


def test_a_token_is_printed_once(environment: None, sidecar: Sidecar, rollag: Municipality) -> None:
    assert run(*ADD, "--municipality", "rollag", "--days", "3650").exit_code == 1
    made = run_json(*ADD, "--municipality", "964963282", "--days", "30")
    assert re.fullmatch(r"sidecar-scim-[\w-]{43}", made["token"])
    assert made["url"].endswith("/scim/v2")
    (row,) = run_json("token", "list")
    assert (row["municipality"], row["hint"], row["state"], row["id"]) == (
        "rollag",
        made["token"][-4:],
        "valid",
        made["id"],
    )
    assert row["maker_may"] is True
    assert made["token"] not in str(row)
    assert run_json("token", "list", "--municipality", "rollag") == [row]


def test_a_token_is_taken_back(environment: None, sidecar: Sidecar, rollag: Municipality) -> None:
    made = run_json(*ADD, "--municipality", "rollag")
    assert run_json("token", "revoke", made["id"]) == {"id": made["id"], "state": "revoked"}
    with sidecar.reading() as db, pytest.raises(api_tokens.ApiTokenRefusedError):
        api_tokens.find_token(db, made["token"], scope="scim", now=sidecar.now())
    assert run("token", "revoke", "0" * 32).exit_code == 1


def test_a_token_is_for_a_municipality_that_is_there(environment: None, sidecar: Sidecar) -> None:
    assert run(*ADD, "--municipality", "nowhere").exit_code == 1
    assert run("token", "list", "--municipality", "nowhere").exit_code == 1
