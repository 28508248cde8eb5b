"""Two offices choose for one LMS at once, and neither undoes what the other did."""

from threading import Thread

from sqlalchemy import select

from sidecar.core.access import Viewer
from sidecar.core.municipalities import Municipality
from sidecar.core.platform_choices import choose_municipalities
from sidecar.core.platform_life import set_municipalities
from sidecar.core.platforms import PlatformMunicipality
from sidecar.runtime import Sidecar
from tests.fakes.lms import register_in
from tests.fakes.platform import FakePlatform
from tests.fakes.waiting import start_and_let_wait


def office_of(municipality: Municipality) -> Viewer:
    return Viewer(roles=frozenset({"rkk"}), rkk_for=frozenset({municipality.id}))


def test_who_saves_at_once_brings_no_municipality_back(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality
) -> None:
    platform_id = register_in(sidecar, FakePlatform(), ("kongsberg", "rollag"))

    def save_unchanged() -> None:
        with sidecar.transaction() as db:
            chosen = choose_municipalities(db, office_of(rollag), platform_id, {rollag.id: ""})
            set_municipalities(db, platform_id, chosen, now=sidecar.now(), by=None)

    other = Thread(target=save_unchanged)
    with sidecar.transaction() as db:
        left = choose_municipalities(db, office_of(kongsberg), platform_id, {})
        start_and_let_wait(sidecar, other)  # far enough to have read, had it not to wait
        set_municipalities(db, platform_id, left, now=sidecar.now(), by=None)
    other.join(timeout=20)
    with sidecar.reading() as db:
        assert db.scalars(select(PlatformMunicipality.municipality_id)).all() == [rollag.id]
