"""What staff see of those who match no employee."""

from datetime import timedelta

from sqlalchemy import insert

from sidecar.core.access import for_municipality
from sidecar.core.db import new_id
from sidecar.core.municipalities import Municipality
from sidecar.core.people import Identity
from sidecar.core.people_lists import UNPLACED_LIMIT, list_unplaced
from sidecar.core.platforms import Platform, add_platform
from sidecar.runtime import Sidecar


def test_however_many_others_wait_ones_own_are_listed(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    now = sidecar.now()
    url = "https://lms.example.no"
    platform = Platform(
        name="Moodle", issuer=url, client_id="c", auth_url=url, token_url=url, jwks_url=url, created_at=now
    )
    people = [
        {
            "id": new_id(),
            "subject": str(number),
            "person_sourcedid": f"{'kongsberg' if number == 0 else 'rollag'}-{number}",
            "first_seen_at": now,
            "last_seen_at": now + timedelta(seconds=number),
        }
        for number in range(UNPLACED_LIMIT + 2)
    ]
    with sidecar.transaction() as db:
        add_platform(db, platform, deployment_ids=["1"], patterns={kongsberg.id: None, rollag.id: None})
        db.execute(insert(Identity), [one | {"platform_id": platform.id} for one in people])
    with sidecar.reading() as db:
        mine = list_unplaced(db, for_municipality(kongsberg.id), kongsberg.id, sidecar.today())
        theirs = list_unplaced(db, for_municipality(rollag.id), rollag.id, sidecar.today())
        assert [(one.identity.subject, one.reason) for one in mine] == [("0", "unknown-number")]
        assert len(theirs) == UNPLACED_LIMIT
