"""A link of an LMS that opens the page of a learning path, by the custom parameter."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from sidecar.core import path_publishing, paths
from sidecar.core.path_contents import Content, Part, Step
from tests.certification.test_storage import attribute, come_back, hand_back, log_in
from tests.certification.verdicts import assert_refused
from tests.fakes.lms import HOST, Browser, RegisteredLms, add_course
from tests.sidecar.walking import OPERATOR

LINK: dict[str, Any] = {"custom": {"page": "path:ny"}}


@pytest.fixture
def path(lms: RegisteredLms) -> str:
    add_course(lms.sidecar, "smittevern", "Smittevern")
    steps = Step("kurs", "course", "smittevern"), Step("lenke", "link", title="Les", url="https://www.example.no/")
    with lms.sidecar.transaction() as db:
        now = lms.sidecar.now()
        paths.add_path(db, OPERATOR, Content("Ny", parts=(Part("a", steps=steps),)), now, key="ny")
        paths.add_path(db, OPERATOR, Content("Utkast"), now, key="utkast")
        path_publishing.publish(db, OPERATOR, "ny", "", now)
    return "ny"


def test_a_learner_comes_to_the_path_without_any_course(lms: RegisteredLms, browser: Browser, path: str) -> None:
    response = browser.launch(**LINK)
    (launch,) = lms.launches()
    assert response.headers["Location"] == f"/play/{launch.id}/learning/paths/{path}"
    assert launch.course_id is None
    page = browser.get(response.headers["Location"])
    assert page.status_code == 200
    assert "Smittevern" in page.text


@pytest.mark.parametrize("page", ["path:", "path:utkast", "path:smittevern", "path:../staff", "PATH:ny", "ny"])
def test_what_is_no_published_path_is_refused(lms: RegisteredLms, browser: Browser, path: str, page: str) -> None:
    assert_refused(lms, browser.launch(custom={"page": page}), "page-unknown")


def test_without_cookies_it_goes_on_in_a_window_of_its_own(lms: RegisteredLms, path: str) -> None:
    client: FlaskClient = lms.app.test_client(use_cookies=False)
    asked = log_in(lms, client)
    nonce = attribute(asked, "data-platform").split("nonce=", 1)[1].split("&", 1)[0]
    token = lms.platform.id_token(nonce=nonce, **LINK)
    onward = hand_back(client, come_back(lms, client, asked, id_token=token), attribute(asked, "data-value"))
    (launch,) = lms.launches()
    assert attribute(onward, "action") == f"/launch/{launch.id}/window/learning/paths/{path}"
    form = {name: attribute(onward, name) for name in ("csrf_token", "launch_secret")}
    keeping = lms.app.test_client()
    opened = keeping.post(attribute(onward, "action"), base_url=HOST, data=form, headers={"Origin": HOST})
    assert opened.headers["Location"] == f"/play/{launch.id}/learning/paths/{path}"
    assert keeping.get(opened.headers["Location"], base_url=HOST).status_code == 200
