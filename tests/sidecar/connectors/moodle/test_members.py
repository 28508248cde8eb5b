"""The people of a municipality are its cohort; who is hidden is never taken for somebody who has left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from practice_lms.web_services.accounts import Account
from sidecar.connectors.base import SettingMissingError
from sidecar.connectors.moodle.errors import FieldsHiddenError, NoCohortError, NotPermittedError, PeopleHiddenError
from sidecar.connectors.records import PersonRecord
from tests.fakes.moodle import PracticeMoodle

COHORT = "kommune-rollag"
SEEING = frozenset(
    {"moodle/cohort:view", "moodle/user:viewdetails", "moodle/user:viewalldetails", "moodle/site:viewfullnames"}
)


def _people(moodle: PracticeMoodle, **settings: str) -> list[PersonRecord]:
    return list(moodle.connector(None, people_cohort=COHORT, **settings).people().people)


def test_the_members_of_the_cohort_with_their_departments() -> None:
    moodle = PracticeMoodle(Account("people", can=SEEING))
    feed = moodle.connector(people_cohort=COHORT, number_prefix="rollag-").people({"any": "cursor"})
    found = list(feed.people)
    assert (feed.is_full, feed.total, feed.cursor) == (True, 3, None)
    mine = [one for one in moodle.lms.people.values() if one.municipality and one.municipality.slug == "rollag"]
    assert found == [
        PersonRecord(one.employee_number, one.first_name, one.last_name, one.email, one.unit, external_id=one.user_id)
        for one in mine
    ]


def test_the_number_stays_as_it_is_without_a_prefix() -> None:
    assert _people(PracticeMoodle())[0].employee_number.startswith("rollag-")


def test_who_is_suspended_is_left_out_and_who_has_no_number_set_aside() -> None:
    moodle = PracticeMoodle()
    first, second, third = (int(one) for one in moodle.lms.training.cohorts[COHORT])
    moodle.lms.suspended.add(str(first))
    moodle.lms.people[str(second)] = replace(moodle.lms.people[str(second)], idnumber="")
    feed = moodle.connector(people_cohort=COHORT).people()
    assert [one.external_id for one in feed.people] == [str(third)]
    assert [(one.line, one.code) for one in feed.set_aside] == [(2, "moodle-no-number")]


def test_who_is_in_the_cohort_and_not_shown_is_told_as_hidden() -> None:
    moodle = PracticeMoodle(Account("blind", can=frozenset({"moodle/cohort:view"})))
    with pytest.raises(PeopleHiddenError) as raised:
        _people(moodle)
    assert raised.value.facts == {"seen": 0, "asked": 3}
    whole = PracticeMoodle()
    whole.lms.training.cohorts[COHORT].append("4711")
    with pytest.raises(PeopleHiddenError):
        _people(whole)


@pytest.mark.parametrize("lacking", ["moodle/user:viewalldetails", "moodle/site:viewfullnames"])
def test_people_without_names_or_numbers_are_told_as_hidden(lacking: str) -> None:
    with pytest.raises(FieldsHiddenError):
        _people(PracticeMoodle(Account("half", can=SEEING - {lacking})))


def test_no_such_cohort_no_right_to_see_it_and_none_set() -> None:
    with pytest.raises(NoCohortError):
        list(PracticeMoodle().connector(people_cohort="kommune-oslo").people().people)
    with pytest.raises(NotPermittedError):
        _people(PracticeMoodle(Account("blind", can=frozenset())))
    with pytest.raises(SettingMissingError):
        PracticeMoodle().connector().people()


def test_many_people_are_asked_for_in_parts() -> None:
    moodle = PracticeMoodle()
    model = moodle.lms.people["10"]
    for number in range(1_000, 1_450):
        person = replace(model, user_id=str(number), username=f"u{number}", idnumber=f"{number}")
        moodle.lms.people[str(number)] = person
        moodle.lms.training.cohorts[COHORT].append(str(number))
    assert len(_people(moodle)) == 453
    assert moodle.lms.ws_calls.count("core_user_get_users_by_field") == 3
