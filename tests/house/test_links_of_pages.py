"""Every page leads to the privacy page and the accessibility statement."""

import pytest

from sidecar.core.municipalities import Municipality
from sidecar.runtime import Sidecar
from tests.conftest import PUBLIC_URL
from tests.house.installation import install

LINKS = ('href="/privacy"', 'href="/accessibility"')


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nobody", "learner", "previewer", "operator"])
def test_every_page_leads_to_privacy_and_accessibility(
    sidecar: Sidecar, kongsberg: Municipality, rollag: Municipality, kind: str
) -> None:
    installation = install(sidecar, kongsberg, rollag, sidecar.settings.data / "town")
    pages = {}
    for method, rule in installation.routes():
        if method == "GET":
            answer = installation.browser(kind).get(installation.path(rule), headers={"Origin": PUBLIC_URL})
            if answer.mimetype == "text/html" and answer.status_code not in (204, 303):
                pages[rule.rule, answer.status_code] = answer.text
            answer.close()
    assert len(pages) > 10
    assert [where for where, text in pages.items() if not all(link in text for link in LINKS)] == []
