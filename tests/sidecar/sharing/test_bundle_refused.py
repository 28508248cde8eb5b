"""What is no whole bundle by a trusted key is refused with the reason, and nothing of it stays."""

from __future__ import annotations

import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from sidecar.core.path_contents import canonical
from sidecar.core.regions import Region
from sidecar.errors import NotFoundError, SidecarError
from sidecar.runtime import Sidecar
from sidecar.sharing.bundle import import_bundle, verify_bundle
from sidecar.sharing.bundle_files import SIGNATURE_BYTES
from sidecar.sharing.region_signing import sign
from sidecar.sharing.signatures import fingerprint_of, generate_key, make_signature
from tests.sidecar.sharing.bundles import (
    ADDRESS,
    FILM,
    KEY,
    Opened,
    all_there_is,
    forge,
    refusal,
)


def test_no_file_is_no_bundle(sidecar: Sidecar, vesteralen: Region, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        import_bundle(sidecar, vesteralen.id, tmp_path / "none.zip")
    with pytest.raises(NotFoundError):
        verify_bundle(sidecar, tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFoundError):
        verify_bundle(sidecar, tmp_path / "pipe")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04" + bytes(100), b"x" * 5000], ids=["empty", "a start", "zeros", "text"]
)
def test_what_is_no_bundle_is_called_so(sidecar: Sidecar, vesteralen: Region, bad: Path, content: bytes) -> None:
    bad.write_bytes(content)
    assert refusal(sidecar, vesteralen, bad).code == "bundle-unreadable"


def test_a_bundle_that_another_program_packed_anew_is_none(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path
) -> None:
    with zipfile.ZipFile(bundle) as good, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in good.namelist():
            packed.writestr(name, good.read(name))
    assert refusal(sidecar, vesteralen, bad).code == "bundle-unreadable"


def test_a_bundle_that_is_cut_off_anywhere_is_refused(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path
) -> None:
    whole = bundle.read_bytes()
    seen = set()
    for length in [*range(0, len(whole), len(whole) // 60), len(whole) - 1]:
        bad.write_bytes(whole[:length])
        with pytest.raises(SidecarError) as refused:
            import_bundle(sidecar, vesteralen.id, bad)
        seen.add(refused.value.code)
    assert {"bundle-cut-off"} < seen <= {"bundle-cut-off", "bundle-unreadable", "bundle-damaged"}
    assert refusal(sidecar, vesteralen, bad).code == "bundle-cut-off"


def test_every_changed_byte_is_noticed(sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path) -> None:
    whole = bundle.read_bytes()
    places = range(0, len(whole), len(whole) // 90)
    for place in (*places, 14, len(whole) - 1):  # 14: a checksum in a header
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SidecarError):
            verify_bundle(sidecar, bad)
    film = whole.index(FILM)
    bad.write_bytes(whole[:film] + b"Film" + whole[film + 4 :])
    error = refusal(sidecar, vesteralen, bad)
    assert (error.code, error.facts) == ("bundle-damaged", {"where": f"parts/{sha256(FILM).hexdigest()}"})


@pytest.mark.parametrize("more", [b"x", b"PK\x05\x06" + bytes(18)])
def test_nothing_stands_behind_a_bundle(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path, more: bytes
) -> None:
    bad.write_bytes(bundle.read_bytes() + more)
    assert refusal(sidecar, vesteralen, bad).code == "bundle-damaged"


@pytest.mark.parametrize("size_bytes", [2**64 - 1, 2**63, 2**40])
@pytest.mark.parametrize("name", ["bundle.json", "bundle.jws", "parts/"])
def test_a_size_beyond_the_file_is_no_accident(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path, name: str, size_bytes: int
) -> None:
    whole = bytearray(bundle.read_bytes())
    at = whole.index(name.encode())
    length = int.from_bytes(whole[at - 4 : at - 2], "little")
    whole[at + length + 4 : at + length + 20] = size_bytes.to_bytes(8, "little") * 2
    bad.write_bytes(whole)
    assert refusal(sidecar, vesteralen, bad).code in ("bundle-too-large", "bundle-cut-off")


def test_extra_and_missing_parts_are_noticed(sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path) -> None:
    good = Opened(bundle)
    extra = {**good.parts, sha256(b"more").hexdigest(): b"more"}
    assert refusal(sidecar, vesteralen, good.write(bad, extra)).code == "bundle-damaged"
    fewer = {digest: content for digest, content in good.parts.items() if content != FILM}
    assert refusal(sidecar, vesteralen, good.write(bad, fewer)).code == "bundle-damaged"
    assert refusal(sidecar, vesteralen, good.write(bad, {})).code == "bundle-damaged"


def test_an_unsigned_bundle_is_refused(sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path) -> None:
    good = Opened(bundle)
    assert refusal(sidecar, vesteralen, good.write(bad, signature="")).code == "bundle-unsigned"
    assert refusal(sidecar, vesteralen, good.write(bad, signature="æøå.x.y")).code == "signature-malformed"
    too_long = "x" * (SIGNATURE_BYTES + 1)
    assert refusal(sidecar, vesteralen, good.write(bad, signature=too_long)).code == "bundle-too-large"
    renamed = bundle.read_bytes().replace(b"bundle.jws", b"bundle.sig")
    bad.write_bytes(renamed)
    assert refusal(sidecar, vesteralen, bad).code == "bundle-unsigned"


def test_a_bundle_that_somebody_signed_anew_is_refused(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path
) -> None:
    good, theirs = Opened(bundle), generate_key()
    beside = {"iss": ADDRESS, "jwk": dict(theirs.public)}
    again = make_signature(theirs.private_pem, theirs.kid, good.manifest, "laeringslop-bundle", beside=beside)
    error = refusal(sidecar, vesteralen, good.write(bad, signature=again))
    assert (error.code, error.facts) == (
        "bundle-key-not-trusted",
        {"signer": ADDRESS, "fingerprint": fingerprint_of(theirs.public)},
    )


def test_a_fingerprint_that_was_compared_lets_a_key_in_and_no_other(
    sidecar: Sidecar, bundle: Path, vesteralen: Region, bad: Path
) -> None:
    far = "https://laering.annen-region.no/exchange/annen"
    good, theirs = Opened(bundle), generate_key()
    said = json.loads(good.manifest)
    said["origin"], said["region"]["address"] = f"{far}/paths/{KEY}", far
    good.manifest = canonical(said)
    beside = {"iss": far, "jwk": dict(theirs.public)}
    signature = make_signature(theirs.private_pem, theirs.kid, good.manifest, "laeringslop-bundle", beside=beside)
    good.write(bad, signature=signature)
    assert refusal(sidecar, vesteralen, bad).code == "bundle-key-not-trusted"
    other = fingerprint_of(generate_key().public)
    assert refusal(sidecar, vesteralen, bad, fingerprint=other).code == "bundle-key-not-trusted"
    assert refusal(sidecar, vesteralen, bad, fingerprint="ABCD").code == "fingerprint-malformed"
    swapped = make_signature(
        theirs.private_pem,
        theirs.kid,
        good.manifest,
        "laeringslop-bundle",
        beside={"iss": far, "jwk": dict(generate_key().public)},
    )
    compared = fingerprint_of(theirs.public)
    assert refusal(sidecar, vesteralen, good.write(bad, signature=swapped), fingerprint=compared).code == (
        "signature-malformed"
    )
    good.write(bad, signature=signature)
    assert import_bundle(sidecar, vesteralen.id, bad, fingerprint=compared.lower()).is_new


def test_a_signature_of_something_else_does_not_fit(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path
) -> None:
    good = Opened(bundle)
    other = sign(sidecar, kongsbergregionen.id, b"{}", "laeringslop-bundle", detached=True)
    assert refusal(sidecar, vesteralen, good.write(bad, signature=other)).code == "signature-wrong"
    feed = sign(sidecar, kongsbergregionen.id, good.manifest, "laeringslop-feed", detached=True)
    assert refusal(sidecar, vesteralen, good.write(bad, signature=feed)).code == "signature-other-purpose"


def test_no_region_speaks_for_the_path_of_another(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path
) -> None:
    forge(sidecar, vesteralen, bundle, bad, lambda said: None)
    assert refusal(sidecar, kongsbergregionen, bad).code == "bundle-origin"
    theirs = ADDRESS.replace("kongsbergregionen", "vesteralen")
    forge(sidecar, vesteralen, bundle, bad, lambda said: said["region"].update(address=theirs))
    assert refusal(sidecar, kongsbergregionen, bad).code == "bundle-origin"


def test_a_version_never_changes(
    sidecar: Sidecar, bundle: Path, kongsbergregionen: Region, vesteralen: Region, bad: Path
) -> None:
    import_bundle(sidecar, vesteralen.id, bundle)
    forge(sidecar, kongsbergregionen, bundle, bad, lambda said: said.update(licence="CC0-1.0"))
    before = all_there_is(sidecar, bad.parent)
    with pytest.raises(SidecarError) as refused:
        import_bundle(sidecar, vesteralen.id, bad)
    assert (refused.value.code, all_there_is(sidecar, bad.parent)) == ("bundle-version-changed", before)
