"""Test the LMS's own pages and people."""

import csv

from flask import Flask
from flask.testing import FlaskClient

from practice_lms.people import MUNICIPALITIES, invent_people, write_people_csv
from tests.practice_lms.conftest import TEACHER, log_in


def test_three_learners_for_each_of_seven_municipalities() -> None:
    learners = [person for person in invent_people() if person.role == "learner"]
    assert len(MUNICIPALITIES) == 7
    assert len({person.idnumber for person in learners}) == len(learners) == 21
    assert len({person.user_id for person in invent_people()}) == 23


def test_staff_list_is_a_csv_with_bom() -> None:
    text = write_people_csv(MUNICIPALITIES[2]).decode("utf-8")
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines(), delimiter=";"))
    assert [row["ansattnummer"] for row in rows] == ["1001", "1002", "1003"]


def test_course_page_offers_every_link_twice(client: FlaskClient) -> None:
    page = client.get("/course").text
    assert page.count("Åpne her") == page.count("Åpne i nytt vindu") == 4


def test_activity_holds_the_tool_in_a_titled_frame(client: FlaskClient) -> None:
    page = client.get("/activity/1").text
    assert 'src="/mod/lti/launch.php?id=1&amp;window=iframe"' in page
    assert '<iframe title="Informasjonssikkerhet i hverdagen"' in page


def test_gradebook_shows_a_learner_only_herself(app: Flask, client: FlaskClient) -> None:
    assert client.get("/gradebook").text.count('scope="row"') == 1
    assert log_in(app, TEACHER).get("/gradebook").text.count('scope="row"') == 21


def test_course_page_sends_strangers_to_log_in(app: Flask) -> None:
    assert app.test_client().get("/course").location == "/"
    assert app.test_client().post("/login", data={"user_id": "x"}).status_code == 404


def test_log_out_forgets(client: FlaskClient) -> None:
    assert client.post("/logout").status_code == 303
    assert client.get("/gradebook").status_code == 403
