"""A contact's copy of a person holds what their own municipality wrote of evidence, not what another's did."""

import json
from datetime import date

from sidecar import privacy
from sidecar.core.access import Viewer, for_municipality, operator_at_the_console
from sidecar.core.courses import Course
from sidecar.core.data_subjects import of_key
from sidecar.core.evidence import Evidence
from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.fakes.lms import add_course
from tests.sidecar.core.folk import Folk

WORDS = {name: f"ordet-{name}" for name in ("note", "place", "file_name", "reason", "holder")}


def test_another_s_words_are_not_in_a_contact_s_copy(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    folk, course = Folk(sidecar), add_course(sidecar, "brann", "Brannvern")
    person = folk.person(kongsberg.id, "1")
    earned = folk.earn(person, course, date(2026, 3, 1))
    with sidecar.transaction() as db:
        db.get_one(Course, course).is_transferable = True
        folk.employ(db, person, rollag.id, "2").started_on = date(2026, 6, 1)
        evidence = db.get_one(Evidence, earned)
        evidence.municipality_id = kongsberg.id
        for name, word in WORDS.items():
            setattr(evidence, name, word)

    def told(viewer: Viewer) -> dict[str, str | None]:
        with sidecar.reading() as db:
            subject = of_key(db, viewer, person)
        (one,) = json.loads("".join(privacy.export(sidecar, viewer, subject)))["evidence"]
        return {name: one[name] for name in WORDS}

    assert told(for_municipality(rollag.id)) == dict.fromkeys(WORDS)
    assert told(for_municipality(kongsberg.id)) == told(operator_at_the_console()) == WORDS
