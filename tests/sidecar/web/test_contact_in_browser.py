"""The pages of contacts, and of the staff who keep them, in a real browser: axe, three languages, wide and narrow."""

import pytest
from playwright.sync_api import Page

from sidecar.core import contact_mails, contacts
from sidecar.core.access import operator_at_the_console
from sidecar.core.contacts import Contact
from sidecar.core.periods import read_period
from sidecar.reports import asking
from sidecar.runtime import Sidecar
from tests.sidecar.web.contact_browser import ADDRESS, make_contact, open_post
from tests.sidecar.web.looking import NARROW, check, check_fits, check_widths, visit
from tests.sidecar.web.town import Town

pytestmark = pytest.mark.browser


def test_the_way_from_the_mail_to_the_report_is_accessible(
    page: Page, site: str, sidecar: Sidecar, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = open_post(sidecar, monkeypatch)
    (delivery,) = asking.request(sidecar, town.kongsberg.id, read_period("2026-08"))
    contact_id = make_contact(sidecar, town.kongsberg.id, confirmed=False, language="nb")
    with sidecar.transaction() as db:
        contact_mails.put(db, contacts.find_contact(db, operator_at_the_console(), contact_id), sidecar.now())
    (letter,) = post.deliver()
    visit(page, next(word for word in letter.text.split() if word.startswith(site)))
    page.locator("#with-link").wait_for()
    assert "#" not in page.url
    check_widths(page, "contact-confirm")
    page.locator("#with-link button").click()
    page.get_by_text("Kongsberg kommune").wait_for()
    with sidecar.reading() as db:
        assert db.get_one(Contact, contact_id).confirmed_at
    check(page, "contact-confirmed")
    visit(page, f"{site}/reports/sign-in?to={delivery.id}")
    check_widths(page, "contact-sign-in")
    page.locator("#email").fill(ADDRESS)
    page.locator("main form button").click()
    page.locator("#code").fill("12345")
    page.locator("main form button").click()
    page.locator("#code-problem").wait_for()
    check_widths(page, "contact-code")
    page.locator("#code").fill(post.read_code())
    page.locator("main form button").click()
    page.wait_for_url(f"{site}/reports/{delivery.id}")
    page.locator("#words").fill("Kari sluttet i juni")
    page.locator("main form.form button").click()
    page.locator("form[action$=receipt] button").click()
    page.wait_for_load_state()
    for language in ("nn", "en", "nb"):
        page.locator(f"button[value={language}]").click()
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        for name, path in {"list": "/reports", "report": f"/reports/{delivery.id}", "me": "/reports/me"}.items():
            visit(page, site + path)
            if language == "nb":
                check_widths(page, f"contact-{name}")
            else:
                page.set_viewport_size({"width": NARROW, "height": 800})
                check_fits(page, f"contact-{name}-{language}")
    base = "/staff/municipalities/kongsberg/contacts"
    for name, path in {"all": base, "one": f"{base}/{contact_id}", "errors": "/staff/row-errors"}.items():
        visit(page, site + path)
        check_widths(page, f"contact-staff-{name}")
