"""What a licence allows is read from its name as people write it; what is not known allows nothing."""

import pytest

from sidecar.core.licences import may_adapt, may_keep


@pytest.mark.parametrize("licence", ["CC BY 4.0", "cc-by-sa-4.0", "CC0", "CC 0 1.0", "NLOD 2.0", "MIT"])
def test_open_licences_let_us_keep_and_adapt(licence: str) -> None:
    assert (may_keep(licence), may_adapt(licence)) == (True, True)


@pytest.mark.parametrize("licence", ["CC BY-ND 4.0", "CC-BY-NC-ND", "Creative Commons Navngivelse-IngenBearbeidelse"])
def test_some_let_us_keep_and_not_adapt(licence: str) -> None:
    assert (may_keep(licence), may_adapt(licence)) == (True, False)


@pytest.mark.parametrize("licence", ["", "Alle rettigheter", "© Kongsberg", "Kun til internt bruk", "Commercial"])
def test_others_allow_nothing(licence: str) -> None:
    assert (may_keep(licence), may_adapt(licence)) == (False, False)
