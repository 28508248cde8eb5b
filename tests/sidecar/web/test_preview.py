"""Preview courses over HTTP: played by whoever started it, with a result, and without anything that counts."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from sidecar import housekeeping
from sidecar.catalogue import AddedVersion, add_package
from sidecar.core.access import operator_at_the_console
from sidecar.core.attempts import Attempt, Commit, CommitPiece, ScoState
from sidecar.core.courses import CourseVersion
from sidecar.core.data_subjects import of_identity
from sidecar.core.erasures import erase
from sidecar.core.evidence import Evidence
from sidecar.core.grades import Grade
from sidecar.core.municipalities import Municipality
from sidecar.core.outbox import OutboxItem
from sidecar.core.personal_data import list_section
from sidecar.core.platforms import Platform
from sidecar.core.previews import MOST_OF_ONE, Preview
from sidecar.core.staff_courses import remove_version
from sidecar.runtime import Sidecar
from tests.conftest import PUBLIC_URL
from tests.fakes.clock import FakeClock
from tests.fakes.learner import Learner, add_identity, add_platform, launch
from tests.fakes.package import make_package
from tests.sidecar.web.conftest import SignIn
from tests.sidecar.web.signed_in import SAME_ORIGIN, Staff
from tests.sidecar.web.trying import PASSED, Trying, try_version

FAILED = {"cmi.core.lesson_status": "failed", "cmi.core.score.raw": "20"}
COUNTS = (Attempt, ScoState, Commit, CommitPiece, Evidence, Grade, OutboxItem)
"""Whatever an attempt leaves behind."""


@pytest.fixture
def added(sidecar: Sidecar, tmp_path: Path) -> AddedVersion:
    package = make_package(tmp_path / "p.zip", pages={"a": "<title>A</title>"})
    return add_package(sidecar, package, key="kurs", is_published=True)


@pytest.fixture
def author(sign_in: SignIn, added: AddedVersion) -> Staff:
    staff = sign_in("operator", name="Ola Operatør")
    staff.client.set_cookie("sidecar-language", "en")
    return staff


@pytest.fixture
def trying(author: Staff) -> Trying:
    return try_version(author)


def counted(sidecar: Sidecar) -> dict[str, int]:
    with sidecar.reading() as db:
        return {each.__tablename__: db.scalar(select(func.count()).select_from(each)) or 0 for each in COUNTS}


def rows(sidecar: Sidecar) -> int:
    with sidecar.reading() as db:
        return db.scalar(select(func.count()).select_from(Preview)) or 0


def test_a_course_is_played_to_its_end_and_nothing_of_it_counts(trying: Trying, sidecar: Sidecar) -> None:
    data, before = trying.data(), counted(sidecar)
    assert "This is a preview. Nothing you do here counts." in trying.get()
    assert (data["mode"], data["returnUrl"], data["seq"]) == ("normal", None, 0)
    assert data["transport"]["url"] == f"{PUBLIC_URL}/api/previews/{trying.id}/commits"
    assert data["scos"][0]["given"]["cmi.core.entry"] == "ab-initio"
    assert trying.send(1, {"cmi.suspend_data": "side 2"})["state"] == "open"
    assert "You have not finished the course." in trying.get("/end")
    answer = trying.send(2, PASSED, final=True)
    assert (answer["acknowledged"], answer["state"], answer["grade"]) == (2, "completed", None)
    end = trying.get("/end")
    assert "You would have passed with 80%." in end
    assert 'href="/staff/courses/kurs"' in end
    assert trying.data()["mode"] == "review"
    assert counted(sidecar) == before == {**dict.fromkeys(before, 0), "outbox": 1}  # a look at the upload


def test_the_package_does_not_learn_who_tries_it(trying: Trying, author: Staff) -> None:
    page = trying.get()
    assert author.identity_id not in page
    assert "Operatør" not in page
    given = trying.data()["scos"][0]["given"]
    assert (given["cmi.core.student_id"], given["cmi.core.student_name"]) == (trying.id, "Preview")


def test_a_preview_goes_on_where_it_was(trying: Trying) -> None:
    trying.send(1, {"cmi.suspend_data": "side 2", "cmi.core.session_time": "00:01:00", "cmi.core.exit": "suspend"})
    data = trying.data()
    assert (data["seq"], data["start"]) == (1, "a")
    assert data["scos"][0]["given"] | {"cmi.core.total_time": "0000:01:00.00"} == data["scos"][0]["given"]
    assert data["scos"][0]["elements"]["cmi.suspend_data"] == "side 2"
    assert data["scos"][0]["given"]["cmi.core.entry"] == "resume"


def test_one_fails_and_starts_again(trying: Trying) -> None:
    trying.send(1, FAILED, final=True)
    assert "You would not have passed: 20%." in trying.get("/end")
    old = trying.data()
    trying.start_again()
    assert "Nothing has been saved yet." in trying.get("/end")
    trying.send(2, PASSED, token=old["token"], status=409)
    new = trying.data()
    assert (new["seq"], new["scos"][0]["elements"]) == (2, {})
    assert trying.send(3, PASSED, session="two")["state"] == "completed"


def test_each_part_has_a_result_of_its_own(author: Staff, sidecar: Sidecar, tmp_path: Path) -> None:
    package = make_package(tmp_path / "to.zip", pages={"a": "<title>A</title>", "b": "<title>B</title>"})
    add_package(sidecar, package, key="to", is_published=True)
    trying = try_version(author, "to")
    trying.send(1, PASSED)
    trying.send(2, FAILED, sco="b", final=True)
    cells = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', trying.get("/end"))
    assert cells == [("Del a", "Passed", "80%"), ("Del b", "Not passed", "20%")]
    assert "You would not have passed: 50%." in trying.get("/end")


def test_commits_follow_the_rules_of_attempts(trying: Trying) -> None:
    token = trying.data()["token"]
    first = trying.send(1, {"cmi.suspend_data": "en"}, token=token)
    assert trying.send(1, {"cmi.suspend_data": "en"}, token=token)["acknowledged"] == first["acknowledged"]
    assert trying.send(1, {"cmi.suspend_data": "to"}, token=token, status=409)["error"]["code"] == "out-of-order"
    assert trying.send(2, {"cmi.core.student_id": "x"}, token=token, status=400)["error"]["facts"]["element"]
    assert trying.send(2, {}, sco="finnes-ikke", status=400)["error"]["code"] == "unknown-sco"
    trying.send(2, PASSED, final=True)
    assert trying.send(3, FAILED, status=409)["error"]["code"] == "attempt-finished"


def test_a_commit_may_come_in_pieces(trying: Trying, sidecar: Sidecar) -> None:
    token = trying.data()["token"]
    text = json.dumps({"seq": 2, "after": 0, "session": "one", "sco": "a", "changes": PASSED, "final": True})
    piece = {"seq": 2, "session": "one", "of": 2}
    stray = trying.post_commit(piece | {"piece": 0, "text": "x", "session": "an-earlier-page"}, token)
    second = trying.post_commit(piece | {"piece": 1, "text": text[20:]}, token)
    assert (stray.status_code, second.status_code, second.get_json()) == (202, 202, {"kept": 1})
    assert trying.post_commit(piece | {"piece": 0, "text": text[:20]}, token).get_json()["state"] == "completed"
    with sidecar.reading() as db:
        assert db.get_one(Preview, trying.id).pieces == []


def test_pieces_are_bounded(trying: Trying, sidecar: Sidecar) -> None:
    token = trying.data()["token"]
    for seq in (1, 2, 3):
        piece = {"seq": seq, "session": "one", "piece": 0, "of": 3, "text": "x" * 400_000}
        assert trying.post_commit(piece, token).status_code == 202
    with sidecar.reading() as db:
        assert [each["seq"] for each in db.get_one(Preview, trying.id).pieces] == [3]
    for number, status in ((1, 202), (2, 400)):
        piece = {"seq": 3, "session": "one", "piece": number, "of": 4, "text": "x" * 400_000}
        assert trying.post_commit(piece, token).status_code == status


def test_somebody_elses_preview_is_refused(app: Flask, trying: Trying, sign_in: SignIn) -> None:
    other = try_version(sign_in("operator", name="En annen"))
    stranger = replace(trying, client=app.test_client())
    signed_in = replace(trying, client=other.client)
    planted = app.test_client()
    planted.set_cookie(f"__Host-preview-{trying.id[:8]}", "gjettet")
    for path in ("", "/end", "/token"):
        stranger.get(path, 401)
        signed_in.get(path, 410)
        replace(trying, client=planted).get(path, 410)
    trying.send(1, PASSED, token=other.data()["token"], status=403)
    assert trying.data()["seq"] == 0


def test_whoever_also_takes_the_course_keeps_both_apart(
    app: Flask, author: Staff, trying: Trying, sidecar: Sidecar, added: AddedVersion
) -> None:
    learner = launch(sidecar, add_identity(sidecar, add_platform(sidecar)), added.course_id)
    with sidecar.transaction() as db:
        db.get_one(Preview, trying.id).identity_id = learner.identity_id
    before = counted(sidecar)
    trying.send(1, PASSED, final=True)
    assert counted(sidecar) == before
    with sidecar.reading() as db:
        attempt = db.get_one(Attempt, learner.attempt_id)
        assert (attempt.number, attempt.state, attempt.seq) == (1, "open", 0)
    attempt_token = sidecar.secrets.token(learner.token_claims, sidecar.now())
    trying.send(2, PASSED, token=attempt_token, status=403)
    for attempt_id in (learner.attempt_id, trying.id):
        commit_attempt(app, attempt_id, trying.data()["token"], 403)
    commit_attempt(app, learner.attempt_id, attempt_token, 200)
    assert counted(sidecar)["evidence"] == 1
    trying.start_again()
    assert counted(sidecar)["evidence"] == 1


def commit_attempt(app: Flask, attempt_id: str, token: str, status: int) -> None:
    body = {"seq": 1, "sco": "a", "changes": PASSED}
    url = f"/api/attempts/{attempt_id}/commits"
    answer = app.test_client().post(url, json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status


def test_a_preview_ends_after_a_day_and_leaves_nothing(trying: Trying, sidecar: Sidecar, clock: FakeClock) -> None:
    clock.advance(hours=23, minutes=59)
    token = trying.data()["token"]
    clock.advance(minutes=1)
    trying.get("", 410)
    assert trying.send(1, PASSED, token=token, status=410)["error"]["code"] == "preview-ended"
    removed, _is_done = housekeeping.run(sidecar)
    assert (removed["previews"], rows(sidecar)) == (1, 0)
    assert "This preview has ended" in trying.get("/end", 410)


def test_a_version_that_goes_takes_its_previews_along(trying: Trying, sidecar: Sidecar) -> None:
    with sidecar.transaction() as db:
        remove_version(db, operator_at_the_console(), "kurs", 1, sidecar.now())
    trying.get("", 410)
    assert rows(sidecar) == 0


def test_a_course_of_another_municipality_is_not_found(
    sidecar: Sidecar, sign_in: SignIn, kongsberg: Municipality, rollag: Municipality, tmp_path: Path
) -> None:
    package = make_package(tmp_path / "r.zip", pages={"a": "<title>A</title>"})
    add_package(sidecar, package, key="rollags", municipality_id=rollag.id, is_published=True)
    author = sign_in("content-developer", municipality="kongsberg")
    author.post("/staff/courses/rollags/versions/1/preview", status=404)
    author.post("/staff/courses/finnes-ikke/versions/1/preview", status=404)
    colleague = sign_in("content-developer", name="Rolf", municipality="rollag")
    colleague.post("/staff/courses/rollags/versions/2/preview", status=404)
    assert try_version(colleague, "rollags").get("/end")


def test_what_is_not_approved_plays_where_each_version_has_its_own_host_only(
    author: Staff, sidecar: Sidecar, added: AddedVersion
) -> None:
    with sidecar.transaction() as db:
        db.get_one(CourseVersion, added.version_id).reviewed_at = None
    assert "has not been approved" in author.post("/staff/courses/kurs/versions/1/preview", status=400)
    page = author.get("/staff/courses/kurs")
    assert "be previewed here before it is approved" in page
    assert "set SIDECAR_CONTENT_URL to an address" in page
    assert 'versions/1/preview"' not in page
    sidecar.settings = replace(sidecar.settings, content_url="https://*.content.example.net")
    assert 'versions/1/preview"' in author.get("/staff/courses/kurs")
    assert try_version(author).data()["contentOrigin"].endswith(".content.example.net")


def test_one_person_has_few_previews_and_the_oldest_gives_way(
    author: Staff, sidecar: Sidecar, sign_in: SignIn, clock: FakeClock
) -> None:
    others = try_version(sign_in("operator", name="En annen"))
    mine = []
    for _ in range(MOST_OF_ONE + 1):
        clock.advance(seconds=1)
        mine.append(try_version(author))
    assert rows(sidecar) == MOST_OF_ONE + 1
    assert "This preview has ended" in mine[0].get("", 410)  # its cookie went with the next preview
    for trying in (mine[1], mine[-1], others):
        trying.get()


def test_another_site_can_neither_start_nor_reset_one(author: Staff, trying: Trying, sidecar: Sidecar) -> None:
    trying.send(1, PASSED)
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "cross-site"}):
        for path in (f"{trying.path}/again", "/staff/courses/kurs/versions/1/preview", "/preview", "/preview/offered"):
            assert author.client.post(path, headers=headers).status_code == 403
    form = {"csrf_token": "0" * 64}
    answer = author.client.post(f"{trying.path}/again", data=form, headers=SAME_ORIGIN)
    assert answer.status_code == 403
    assert (rows(sidecar), trying.data()["seq"]) == (1, 1)


def test_the_cookie_is_for_frames_too_and_never_readable(author: Staff) -> None:
    url = "/staff/courses/kurs/versions/1/preview"
    page = author.client.get("/staff/courses/kurs").text
    token = re.search(r'name="csrf_token" value="(\w+)"', page)
    assert token
    answer = author.client.post(url, data={"csrf_token": token[1]}, headers=SAME_ORIGIN)
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Max-Age=86400"} <= set(cookie.split("; "))
    assert cookie.startswith("__Host-preview-")


def test_a_new_preview_takes_back_the_cookies_of_those_that_are_no_more(
    author: Staff, sidecar: Sidecar, clock: FakeClock
) -> None:
    ended = try_version(author)
    with sidecar.transaction() as db:
        db.get_one(Preview, ended.id).expires_at = clock()
    others = [try_version(author), try_version(author)]
    assert author.client.get_cookie(f"__Host-preview-{ended.id[:8]}") is None
    for each in others:
        each.get()
    author.client.set_cookie("__Host-preview-planted", "ikke en forhåndsvisning")
    author.get("/staff/courses/kurs")
    try_version(author)
    assert author.client.get_cookie("__Host-preview-planted") is not None, "not a name of ours"


def test_it_is_exported_and_erased(trying: Trying, author: Staff, sidecar: Sidecar) -> None:
    trying.send(1, {"cmi.suspend_data": "et svar"})
    with sidecar.transaction() as db:
        subject = of_identity(db, author.identity_id)
        (entry,) = list_section(db, subject, "previews")
        assert (entry["course"], entry["version"], entry["state"]) == ("Brannvern", 1, "open")
        assert entry["parts"]["a"]["elements"]["cmi.suspend_data"] == "et svar"
        assert list(list_section(db, subject, "attempts")) == []
        erase(db, subject, now=sidecar.now(), by=None)
    assert rows(sidecar) == 0
    trying.get("", 410)


def test_it_ends_with_the_lms_it_was_started_in(
    sidecar: Sidecar, trying: Trying, added: AddedVersion, clock: FakeClock
) -> None:
    learner: Learner = launch(sidecar, add_identity(sidecar, add_platform(sidecar)), added.course_id)
    with sidecar.transaction() as db:
        db.get_one(Preview, trying.id).identity_id = learner.identity_id
    trying.get()
    with sidecar.transaction() as db:
        preview = db.get_one(Preview, trying.id)
        platform = db.scalars(select(Platform)).one()
        platform.disabled_at = clock()
        assert preview.expires_at > clock()
    trying.get("", 410)
