"""What every answer carries, in which language, and what errors look like."""

import json

import pytest
import structlog
from flask import Flask

from sidecar.core import platform_life, platform_settings
from sidecar.core.people import Identity
from sidecar.core.platforms import Platform, find_platform
from sidecar.runtime import Sidecar
from sidecar.web import headers, pages
from sidecar.web.access import BODY_BYTES, LANGUAGE_COOKIE, refuse_undeclared
from sidecar.web.assets import asset
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN
from tests.sidecar.web.town import Town

PATHS = ["/", "/privacy", "/sign-in", "/staff/", "/nothing", "/api/nothing", "/favicon.ico"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_protected(app: Flask, town: Town, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-src 'none';" in policy
    assert policy.endswith("frame-ancestors 'self' https://lms.example.org")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Origin-Agent-Cluster"] == "?1"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Request-Id"]


def test_a_disabled_platform_may_not_frame_us(app: Flask, town: Town, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        find_platform(db, "Felles Moodle").disabled_at = sidecar.now()
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self'")


def test_a_platform_may_frame_us_from_its_other_origins_till_it_is_removed(
    app: Flask, town: Town, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers, "KNOWN_FOR_S", 0.0)
    with sidecar.transaction() as db:
        platform_id = find_platform(db, "Felles Moodle").id
        origins = ["https://school.example.no", "http://moodle.local:8080"]
        platform_settings.set_frame_origins(db, platform_id, origins, now=sidecar.now(), by=None)
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert policy.endswith(
        "frame-ancestors 'self' http://moodle.local:8080 https://lms.example.org https://school.example.no"
    )
    with sidecar.transaction() as db:
        platform_life.remove(db, platform_id, now=sidecar.now(), by=None)
        assert db.get_one(Platform, platform_id).frame_origins == []
    assert app.test_client().get("/").headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


def test_the_platforms_are_looked_up_again_after_some_seconds(
    app: Flask, town: Town, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.test_client().get("/")
    with sidecar.transaction() as db:
        find_platform(db, "Felles Moodle").disabled_at = sidecar.now()
    monkeypatch.setattr(headers, "KNOWN_FOR_S", 0.0)
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self'")


def test_assets_are_kept_for_ever_under_a_name_that_changes(app: Flask) -> None:
    with app.test_client().get(asset("app.css")) as response:
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
        assert "max-age=31536000" in response.headers["Cache-Control"]
    with app.test_client().get("/static/0123456789ab/app.css") as old:
        assert "immutable" not in old.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "vendor/../../app.py", "..%5capp.py"])
def test_assets_end_at_their_folder(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/static/0123456789ab/{name}").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("nb", "nb"), ("no", "nb"), ("nn-NO,nb;q=0.5", "nn"), ("en-GB", "en"), ("de,fr", "nb"), ("", "nb"), ("*", "nb")],
)
def test_the_browser_tells_the_language(app: Flask, accepted: str, language: str) -> None:
    page = app.test_client().get("/", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{language}"' in page


def test_a_choice_of_language_is_kept(app: Flask, sign_in: SignIn, sidecar: Sidecar) -> None:
    staff = sign_in("operator")
    assert staff.post("/language", {"language": "nn", "next": "/staff/courses"}) == "/staff/courses"
    assert '<html lang="nn"' in staff.get("/staff/")
    staff.client.delete_cookie(LANGUAGE_COOKIE)
    assert '<html lang="nn"' in staff.get("/staff/")
    with sidecar.reading() as db:
        assert db.get_one(Identity, staff.identity_id).language == "nn"


def test_an_unknown_language_is_refused(app: Flask) -> None:
    response = app.test_client().post("/language", data={"language": "<b>"}, headers=SAME_ORIGIN)
    assert response.status_code == 400
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "", "evil"])
def test_a_form_leads_nowhere_else(path: str) -> None:
    assert pages.local_path(path) == "/"


def test_an_error_page_says_what_to_do_and_has_a_reference(app: Flask) -> None:
    response = app.test_client().get("/nothing", headers={"Accept-Language": "en"})
    assert response.status_code == 404
    assert response.headers["X-Request-Id"] in response.text
    assert "front page" in response.text


def test_an_error_of_the_api_is_json(app: Flask) -> None:
    response = app.test_client().get("/api/nothing")
    error = json.loads(response.data)["error"]
    assert (response.status_code, error["code"]) == (404, "http-404")
    assert error["reference"] == response.headers["X-Request-Id"]


def test_the_wrong_method_is_told_which_is_right(app: Flask) -> None:
    response = app.test_client().delete("/", headers=SAME_ORIGIN)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_a_body_larger_than_the_page_takes_is_refused(app: Flask, sign_in: SignIn) -> None:
    staff = sign_in("operator")
    staff.post("/language", {"language": "nb", "filler": "x" * BODY_BYTES}, 413)
    staff.post("/staff/municipalities/kongsberg/people", {"search": "x" * BODY_BYTES}, 413)


def test_a_fault_shows_nothing_of_itself(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down() -> str:
        raise RuntimeError("Kari Nordmann 01019912345")

    break_down.audience = frozenset({"public"})  # type: ignore[attr-defined]  # as the decorator leaves it
    app.view_functions["pages.front"] = break_down
    with structlog.testing.capture_logs() as logs:
        response = app.test_client().get("/")
    assert response.status_code == 500
    assert response.headers["X-Request-Id"] in response.text
    assert "Kari" not in response.text
    assert "Kari" not in str(logs)
    assert any(entry["event"] == "request.failed" and entry["error"] == "RuntimeError" for entry in logs)


def test_the_log_has_one_line_a_request_and_no_query(app: Flask) -> None:
    with structlog.testing.capture_logs() as logs:
        app.test_client().get("/privacy?name=Kari")
    assert [entry["event"] for entry in logs] == ["request.answered"]
    assert "Kari" not in str(logs)


def test_an_endpoint_without_an_audience_stops_the_start(app: Flask) -> None:
    app.view_functions["forgotten"] = lambda: ""
    with pytest.raises(RuntimeError, match="forgotten"):
        refuse_undeclared(app)
