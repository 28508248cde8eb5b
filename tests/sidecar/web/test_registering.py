"""The pages on which an LMS registers itself: who may frame them, what they tell, and what they never tell."""

from io import StringIO
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from lti.grades import SCOPE_SCORE
from lti.line_items import SCOPE_LINE_ITEM
from sidecar.core.access import Viewer, operator_at_the_console
from sidecar.core.failed_launches import ReferenceUnknownError, find_failure, list_failures
from sidecar.core.grades import LINE_ITEM_SCOPE, SCORE_SCOPE
from sidecar.core.invitations import PlatformInvitation, revoke
from sidecar.core.launches import FailedLaunch
from sidecar.core.municipalities import Municipality
from sidecar.core.platforms import Platform
from sidecar.core.regions import Region
from sidecar.errors import ForbiddenAddressError, SidecarError, UnreachableError
from sidecar.runtime import Sidecar
from sidecar.tool import WANTED_SCOPES
from sidecar.web.app import create_app
from sidecar.web.launch.asking import SCOPE_REASONS
from tests.fakes.joining import CONFIGURATION_PATH, CONFIGURATION_URL, REGISTRATION_PATH, JoiningLms, answer, invite
from tests.fakes.lms import HOST, tool_key_maker
from tests.practice_lms.conftest import read_form


@pytest.fixture
def lms(sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch) -> JoiningLms:
    joining = JoiningLms()
    monkeypatch.setattr(sidecar, "fetch", joining)
    monkeypatch.setattr("sidecar.tool.signing.generate_key", tool_key_maker())
    return joining


@pytest.fixture
def app(sidecar: Sidecar) -> Flask:
    return create_app(sidecar)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def open_page(client: FlaskClient, secret: str, lms: JoiningLms, **changes: str) -> TestResponse:
    query = {"openid_configuration": CONFIGURATION_URL, "registration_token": lms.token()} | changes
    return client.get(f"/lti/register/{secret}", base_url=HOST, query_string=query)


def click(client: FlaskClient, page: TestResponse, secret: str, **headers: str) -> TestResponse:
    """Send the form as a browser does from a page that has no Referer."""
    _, fields = read_form(page)
    sent = {"Origin": "null", "Sec-Fetch-Site": "same-origin"} | headers
    return client.post(f"/lti/register/{secret}", base_url=HOST, data=fields, headers=sent)


def ancestors(page: TestResponse) -> str:
    return page.headers["Content-Security-Policy"].split("frame-ancestors ")[1]


def test_the_page_says_who_asks_and_for_what_and_changes_nothing(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms
) -> None:
    page = open_page(client, invite(sidecar), lms)
    assert page.status_code == 200
    for text in ("lms.example", "https://lms.example", "moodle", "4.5.6"):
        assert text in page.text
    assert ancestors(page) == "'self' https://lms.example"
    with sidecar.reading() as db:
        assert db.query(Platform).count() == 0
        assert db.query(PlatformInvitation).one().claimed_at is None


def test_every_scope_we_want_has_a_reason() -> None:
    assert set(SCOPE_REASONS) == set(WANTED_SCOPES)


def test_the_tables_know_the_scopes_by_the_names_of_the_standard() -> None:
    assert (LINE_ITEM_SCOPE, SCORE_SCOPE) == (SCOPE_LINE_ITEM, SCOPE_SCORE)


def test_a_click_registers_and_says_what_happens_next(client: FlaskClient, sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    done = click(client, open_page(client, secret, lms), secret)
    assert done.status_code == 200, done.text
    assert 'data-origins="https://lms.example"' in done.text
    assert ancestors(done) == "'self' https://lms.example"
    [registered] = lms.lms.tools.by_id.values()
    assert registered.said["policy_uri"] == "https://sidecar.example.no/privacy"
    assert registered.said["client_name#nn"] == "Læringsløp"
    ours = registered.said["https://purl.imsglobal.org/spec/lti-tool-configuration"]
    assert "custom_parameters" not in ours
    picker = next(m for m in ours["messages"] if m["type"] == "LtiDeepLinkingRequest")
    assert {"label", "label#nb", "label#nn", "label#en"} <= picker.keys()
    with sidecar.reading() as db:
        assert db.query(Platform).one().state == "pending"


def test_the_logo_that_is_registered_is_there_for_every_lms(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms
) -> None:
    secret = invite(sidecar)
    click(client, open_page(client, secret, lms), secret)
    [registered] = lms.lms.tools.by_id.values()
    with client.get(registered.said["logo_uri"].removeprefix("https://sidecar.example.no"), base_url=HOST) as logo:
        assert (logo.status_code, logo.content_type) == (200, "image/png")
        assert logo.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_opened_by_hand_it_explains_how_the_address_is_used(client: FlaskClient, sidecar: Sidecar) -> None:
    secret = invite(sidecar)
    page = client.get(f"/lti/register/{secret}", base_url=HOST)
    assert page.status_code == 200
    assert f"https://sidecar.example.no/lti/register/{secret}" in page.text
    assert "Moodle" in page.text
    assert ancestors(page) == "'self'"


def test_opened_by_hand_it_sends_canvas_in_the_cloud_another_way(client: FlaskClient, sidecar: Sidecar) -> None:
    page = client.get(f"/lti/register/{invite(sidecar)}", base_url=HOST, headers={"Accept-Language": "en"})
    canvas = page.text.partition("In Canvas")[2].partition("In Open edX")[0]
    assert "in the cloud" in canvas
    assert "developer key" in canvas


def test_used_unknown_expired_and_revoked_invitations_each_get_a_page(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms
) -> None:
    used, revoked = invite(sidecar), invite(sidecar)
    click(client, open_page(client, used, lms), used)
    with sidecar.transaction() as db:
        left = db.query(PlatformInvitation).filter(PlatformInvitation.used_at.is_(None)).one()
        revoke(db, left.id, now=sidecar.now(), by=None)
    for secret, code in ((used, "invitation-used"), (revoked, "invitation-revoked"), ("x", "invitation-unknown")):
        for page in (open_page(client, secret, lms), client.get(f"/lti/register/{secret}", base_url=HOST)):
            assert page.status_code == 400
            assert f"<code>{code}</code>" in page.text
            assert secret not in page.text or len(secret) == 1


def test_a_refused_lms_may_show_the_page_that_says_why(client: FlaskClient, sidecar: Sidecar, lms: JoiningLms) -> None:
    lms.says(issuer="https://bank.example")
    page = open_page(client, invite(sidecar), lms)
    assert page.status_code == 400
    assert "<code>configuration-foreign</code>" in page.text
    assert ancestors(page) == "'self' https://lms.example"


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        (ForbiddenAddressError(host="lms.example"), "forbidden-address", "SIDECAR_ALLOWED_PRIVATE"),
        (UnreachableError(host="lms.example"), "unreachable", "brannmur"),
    ],
)
def test_an_lms_that_is_out_of_reach_is_told_why_and_that_the_invitation_still_works(
    client: FlaskClient,
    sidecar: Sidecar,
    lms: JoiningLms,
    monkeypatch: pytest.MonkeyPatch,
    error: SidecarError,
    reason: str,
    advice: str,
) -> None:
    secret = invite(sidecar)
    with monkeypatch.context() as away, capture_logs() as logged:
        away.setattr(JoiningLms, "__call__", Mock(side_effect=error))
        page = open_page(client, secret, lms)
    assert page.status_code == 400
    assert advice in page.text
    assert "Invitasjonen er ikke brukt opp" in page.text
    (entry,) = [each for each in logged if each["event"] == "registration.refused"]
    assert (entry["host"], entry["reason"]) == ("lms.example", reason)
    assert open_page(client, secret, lms).status_code == 200


def test_a_bad_invitation_is_not_called_unused(client: FlaskClient, lms: JoiningLms) -> None:
    page = open_page(client, "unknown", lms)
    assert page.status_code == 400
    assert "ikke brukt opp" not in page.text


@pytest.mark.parametrize(
    "url", ["https://lms.example;script-src *", "https://lms.example/ 'self'", "javascript:alert(1)", "//x", ""]
)
def test_an_address_of_a_configuration_writes_nothing_into_the_policy(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms, url: str
) -> None:
    page = open_page(client, invite(sidecar), lms, openid_configuration=url)
    assert page.status_code == 400
    assert ancestors(page) == "'self'"
    assert page.headers["Content-Security-Policy"].count("script-src") == 1


def test_what_the_lms_says_of_itself_is_text_and_never_markup(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms
) -> None:
    key = "https://purl.imsglobal.org/spec/lti-platform-configuration"
    said = lms.configuration()[key] | {"product_family_code": "<script>alert(1)</script>"}
    lms.says(**{key: said})
    page = open_page(client, invite(sidecar), lms, registration_token='"><script>alert(2)</script>')
    assert "<script>alert" not in page.text


def test_nothing_secret_leaves_by_referer_error_page_or_log(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms, log_lines: StringIO
) -> None:
    secret, token = invite(sidecar), lms.token()
    page = open_page(client, secret, lms, registration_token=token)
    lms.answers[REGISTRATION_PATH] = answer(400, b"missing_domain")
    refused = click(client, page, secret)
    assert "missing_domain" in refused.text
    too_large = client.post(f"/lti/register/{secret}", base_url=HOST, data={"digest": "x" * 70_000})
    assert too_large.status_code == 413
    for answered in (page, refused, too_large):
        assert answered.headers["Referrer-Policy"] == "no-referrer"
        assert answered.headers["Cache-Control"] == "no-store"
    for told in (refused.text, too_large.text, log_lines.getvalue()):
        assert secret not in told
        assert token not in told


def test_an_invitation_is_tried_only_so_often(client: FlaskClient, sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    statuses = [open_page(client, secret, lms).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert lms.asked.count(f"GET {CONFIGURATION_PATH}") == 20


def test_pages_of_ours_are_framed_by_an_lms_only_when_it_is_approved(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms, kongsberg: Municipality, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidecar.web.headers.KNOWN_FOR_S", -1.0)
    secret = invite(sidecar)
    click(client, open_page(client, secret, lms), secret)
    assert "lms.example" not in ancestors(client.get("/privacy", base_url=HOST))


def rkk_of(region_id: str | None) -> Viewer:
    return Viewer(roles=frozenset({"rkk"}), regions=frozenset({region_id} if region_id else ()))


def fail_to_register(client: FlaskClient, secret: str, lms: JoiningLms, reason: str) -> TestResponse:
    """Click in an LMS that refuses, and says why."""
    page = open_page(client, secret, lms)
    lms.answers[REGISTRATION_PATH] = answer(400, {"error": reason})
    return click(client, page, secret)


def test_a_refused_click_is_found_by_its_reference_by_those_who_invited(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms
) -> None:
    region = Region(slug="agder", name="Agder")
    with sidecar.transaction() as db:
        db.add(region)
    secret = invite(sidecar, region_id=region.id)
    refused = fail_to_register(client, secret, lms, "token_used")
    with sidecar.reading() as db:
        row = db.query(FailedLaunch).one()
        invitation = db.query(PlatformInvitation).one()
        assert row.reference in refused.text
        assert (row.code, row.platform_id, row.claims) == ("registration-refused", None, None)
        assert row.facts == {"host": "lms.example", "reason": "token_used", "invitation": invitation.id}
        for viewer in (rkk_of(region.id), operator_at_the_console()):
            assert find_failure(db, viewer, row.reference).row.code == row.code
            assert list_failures(db, viewer).total == 1
        with pytest.raises(ReferenceUnknownError):
            find_failure(db, rkk_of(None), row.reference)
        assert list_failures(db, rkk_of("another")).total == 0


def test_the_refusal_of_a_renewal_is_that_lms_es(client: FlaskClient, sidecar: Sidecar, lms: JoiningLms) -> None:
    secret = invite(sidecar)
    click(client, open_page(client, secret, lms), secret)
    with sidecar.transaction() as db:
        platform = db.query(Platform).one()
        platform.is_pending = False
    fail_to_register(client, invite(sidecar, renews_id=platform.id), lms, "no")
    with sidecar.reading() as db:
        assert db.query(FailedLaunch).one().platform_id == platform.id


@pytest.mark.parametrize("said", ["token", "secret"])
def test_what_an_lms_says_back_to_us_of_our_secrets_is_kept_nowhere(
    client: FlaskClient, sidecar: Sidecar, lms: JoiningLms, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"token": "ab-cd_ef", "secret": "Abcdef_Invitation"}
    monkeypatch.setattr(lms, "token", lambda: secrets["token"])
    invited = invite(sidecar, secret=secrets["secret"])
    with capture_logs() as logs:
        fail_to_register(client, invited, lms, f"x{secrets[said]}y")
    with sidecar.reading() as db:
        row = db.query(FailedLaunch).one()
    assert row.facts["reason"] == ""
    assert not any(each in f"{row.facts} {logs}" for each in secrets.values())


def test_a_stranger_with_an_invented_invitation_is_kept_as_nobodys(client: FlaskClient, sidecar: Sidecar) -> None:
    client.post("/lti/register/invented", base_url=HOST, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})
    with sidecar.reading() as db:
        row = db.query(FailedLaunch).one()
        assert (row.code, row.platform_id) == ("invitation-unknown", None)
        assert "invitation" not in row.facts
        assert list_failures(db, rkk_of("any")).total == 0


def test_a_page_that_is_refused_before_the_click_stands_in_the_log_only(client: FlaskClient, sidecar: Sidecar) -> None:
    with capture_logs() as logs:
        page = client.get("/lti/register/invented", base_url=HOST)
    (line,) = [each for each in logs if each["event"] == "registration.refused"]
    assert line["reference"] in page.text
    with sidecar.reading() as db:
        assert db.query(FailedLaunch).count() == 0
