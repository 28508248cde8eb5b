"""E-mail, webhook and SvarUt are set up in the browser like every other channel; their secrets are never shown."""

from __future__ import annotations

import pytest

from sidecar.runtime import Sidecar
from tests.fakes.svarut import PASSORD
from tests.sidecar.connectors.svarut.test_connector import settings as svarut_settings
from tests.sidecar.connectors.test_webhook import NEW, OLD
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.test_staff_channels import ROLLAG, kept
from tests.sidecar.web.town import Town

WEBHOOK = {"url": "https://system.rollag.test/hooks", "secret": OLD}


@pytest.mark.parametrize(("connector", "form"), [("email", {}), ("webhook", WEBHOOK), ("svarut", svarut_settings())])
def test_it_is_set_up_and_its_secrets_are_never_shown(
    sign_in: SignIn, town: Town, sidecar: Sidecar, connector: str, form: dict[str, str]
) -> None:
    operator = sign_in("operator")
    assert f"/channels/new/{connector}" in operator.get(f"{ROLLAG}/channels")
    operator.post(f"{ROLLAG}/channels/new/{connector}", form)
    connection_id, values = kept(sidecar, town)
    assert {name: value.strip() for name, value in form.items()} == {name: values[name].strip() for name in form}
    page = operator.get(f"{ROLLAG}/channels/{connection_id}")
    assert not any(secret in page for secret in (OLD, PASSORD, "PRIVATE KEY-----"))


def test_the_next_secret_is_set_beside_the_present_one(sign_in: SignIn, town: Town, sidecar: Sidecar) -> None:
    operator = sign_in("operator")
    operator.post(f"{ROLLAG}/channels/new/webhook", WEBHOOK)
    connection_id, _ = kept(sidecar, town)
    operator.post(f"{ROLLAG}/channels/{connection_id}", {"url": WEBHOOK["url"], "secret": "", "next_secret": NEW})
    _, values = kept(sidecar, town)
    assert (values["secret"], values["next_secret"]) == (OLD, NEW)


@pytest.mark.parametrize(
    ("connector", "form"),
    [
        ("webhook", WEBHOOK | {"secret": "whsec_short"}),
        ("webhook", WEBHOOK | {"url": "system.rollag.test"}),
        ("svarut", svarut_settings(private_key="tull")),
        ("svarut", svarut_settings(konto_id="1")),
    ],
)
def test_what_can_not_work_is_refused_at_once(
    sign_in: SignIn, town: Town, connector: str, form: dict[str, str]
) -> None:
    page = sign_in("operator").post(f"{ROLLAG}/channels/new/{connector}", form, 400)
    assert 'role="alert"' in page
