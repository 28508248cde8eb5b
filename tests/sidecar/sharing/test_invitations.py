"""An invitation that one region signed lets one other begin to share with it, once."""

from __future__ import annotations

import pytest

from sidecar.core import peer_invitations
from sidecar.core.access import Viewer
from sidecar.core.path_contents import canonical
from sidecar.core.peer_invitations import PeerInvitationEndedError
from sidecar.core.peers import PROVING, TRUSTED, PeerThereError
from sidecar.errors import NotAllowedError, NotFoundError, UnreachableError
from sidecar.http import Response
from sidecar.sharing import invitations, region_signing
from sidecar.sharing.cards import make_card
from sidecar.sharing.invitations import InvitationKeyGoneError, InvitationMalformedError, InvitationNotTakenError
from sidecar.sharing.reaching import PeerSilentError
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signed_requests import Asked, make_proof
from tests.fakes.two_regions import Office, Sent, TwoRegions
from tests.sidecar.sharing.exchanged import pull


def invite(office: Office) -> str:
    return invitations.invite(office.sidecar, office.viewer, office.region_id, "Til Kongsbergregionen")


def accept(office: Office, token: str) -> None:
    invitations.accept(office.sidecar, office.viewer, office.region_id, token)


def test_both_trust_each_other_by_one_invitation(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)
    invitation, card = invitations.look_at(two.here.sidecar, f" {token}\n")
    assert (invitation.address, card.name) == (two.there.address, "Vesterålen")
    accept(two.here, token)
    assert two.here.peer(two.there).state == TRUSTED
    assert two.there.peer(two.here).state == PROVING
    assert pull(two.here, two.there) == "exchange-caller-unknown"
    assert pull(two.there, two.here) == ""
    assert two.there.peer(two.here).state == TRUSTED
    assert pull(two.here, two.there) == ""


def test_it_works_once(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)
    accept(two.here, token)
    with pytest.raises(PeerThereError):
        accept(two.here, token)
    with two.there.sidecar.reading() as db:
        [used] = peer_invitations.list_invitations(db, two.there.viewer)
        assert used.state_at(two.clock()) == "used"
        assert used.peer_id == two.there.peer(two.here).id
    with two.there.sidecar.transaction() as db, pytest.raises(PeerInvitationEndedError):
        peer_invitations.use(db, two.there.region_id, used.id, two.clock())


def test_it_can_be_opened_again_where_the_answer_was_lost(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)

    def lose(sent: Sent, answer: Response) -> Response:
        if sent.method == "POST":
            raise UnreachableError(host="x")
        return answer

    two.wire.on_answer = lose
    with pytest.raises(PeerSilentError):
        accept(two.here, token)
    two.wire.on_answer = lambda sent, answer: answer
    accept(two.here, token)
    assert two.here.peer(two.there).state == TRUSTED


def test_one_that_was_taken_back_or_is_too_old_opens_nothing(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)
    with two.there.sidecar.transaction() as db:
        [made] = peer_invitations.list_invitations(db, two.there.viewer)
        peer_invitations.revoke(db, two.there.viewer, made.id, two.clock())
    with pytest.raises(InvitationNotTakenError):
        accept(two.here, token)
    old = invite(two.there)
    two.clock.advance(days=8)
    with pytest.raises(PeerInvitationEndedError):
        accept(two.here, old)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.b.c", "x" * 5000])
def test_what_is_no_invitation_is_refused(two_regions: TwoRegions, token: str) -> None:
    with pytest.raises(InvitationMalformedError):
        accept(two_regions.here, token)
    assert two_regions.wire.sent == []


def test_one_that_another_signed_in_their_name_is_refused(two_regions: TwoRegions) -> None:
    two = two_regions
    invite(two.there)
    claims = {"iss": two.there.address, "jti": "0" * 32, "exp": int(two.clock().timestamp()) + 600}
    forged = sign(two.here.sidecar, two.here.region_id, canonical(claims), "laeringslop-invitation")
    with pytest.raises(InvitationKeyGoneError):
        accept(two.here, forged)


def test_one_of_a_key_that_is_gone_is_refused(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)
    region_signing.rotate_keys(two.there.sidecar, two.there.region_id)
    with pytest.raises(InvitationKeyGoneError):
        accept(two.here, token)


def answer_as(two: TwoRegions, body: dict[str, object]) -> tuple[int, str]:
    url, sent = f"{two.there.address}/invitations", canonical(body)
    proof = make_proof(two.here.sidecar, two.here.region_id, two.there.address, Asked("POST", url, sent))
    answer = two.there.app.test_client().post(
        "/exchange/vesteralen/invitations", data=sent, headers={"Authorization": proof}
    )
    return answer.status_code, answer.get_json().get("error", {}).get("code", "")


def test_who_answers_says_who_they_are_and_proves_it(two_regions: TwoRegions) -> None:
    two = two_regions
    token = invite(two.there)
    other = make_card(two.there.sidecar, two.there.region_id)
    own = make_card(two.here.sidecar, two.here.region_id)
    assert answer_as(two, {"invitation": token, "card": other})[0] == 401
    assert answer_as(two, {"invitation": "x.y.z", "card": own})[0] == 401
    assert answer_as(two, {"invitation": token, "card": 7}) == (400, "peer-invitation-malformed")
    assert answer_as(two, {})[0] == 400
    assert answer_as(two, {"invitation": token, "card": own}) == (200, "")
    unsigned = two.there.app.test_client().post("/exchange/vesteralen/invitations", data=b"{}")
    assert unsigned.status_code == 401


def test_an_address_that_was_lied_about_is_never_trusted(two_regions: TwoRegions) -> None:
    """Who has the invitation and says to be somebody else waits for ever: the card found there is by another key."""
    two = two_regions
    token = invite(two.there)
    accept(two.here, token)
    region_signing.revoke_key(
        two.here.sidecar,
        region_signing.active_region_key(two.here.sidecar, two.here.region_id).kid,
        reason="et annet sted",
    )
    assert pull(two.there, two.here) == "peer-key-unknown"
    assert two.there.peer(two.here).state == PROVING


def test_only_who_looks_after_the_region_invites(two_regions: TwoRegions) -> None:
    two = two_regions
    stranger = Viewer(roles=frozenset({"rkk"}), regions=frozenset({"0" * 32}))
    with pytest.raises(NotAllowedError):
        invitations.invite(two.here.sidecar, stranger, two.here.region_id, "x")
    invite(two.here)
    with two.here.sidecar.transaction() as db:
        [made] = peer_invitations.list_invitations(db, two.here.viewer)
        assert peer_invitations.list_invitations(db, stranger) == []
        with pytest.raises(NotFoundError):
            peer_invitations.revoke(db, stranger, made.id, two.clock())
