"""What the page of an LMS says of an update, of what was just done, and of how it goes."""

from sidecar.core.platforms import Platform
from sidecar.runtime import Sidecar
from tests.sidecar.web.lms import Lms, propose_update
from tests.sidecar.web.signed_in import Staff


def test_an_update_with_the_same_client_id_cuts_nothing_off(office: Staff, lms: Lms, sidecar: Sidecar) -> None:
    propose_update(sidecar, lms.ours)
    with sidecar.transaction() as db:
        found = db.get_one(Platform, lms.ours)
        found.proposal = (found.proposal or {}) | {"client_id": found.client_id}
    asked = office.get(f"/staff/platforms/{lms.ours}/update/accept")
    assert "/new-token" in asked
    assert "slutter å virke" not in asked


def test_what_was_done_is_said_from_a_list_of_ours_and_nothing_else_is(office: Staff, lms: Lms) -> None:
    path = f"/staff/platforms/{lms.ours}"
    assert 'role="status"><p' in office.get(f"{path}?done=saved")
    for strange in ("", "<b>", "said", "x" * 5000):
        page = office.get(f"{path}?done={strange}")
        assert 'role="status"><p' not in page
        assert "<b>" not in page


def test_the_page_leads_to_failures_and_tells_of_the_last_launch_and_test(office: Staff, lms: Lms) -> None:
    page = office.get(f"/staff/platforms/{lms.ours}")
    assert f'href="/staff/failures?platform={lms.ours}"' in page
    assert "Ikke testet ennå" in page
