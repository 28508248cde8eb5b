"""Let a hostile package read what it can: of the application, of other packages, of the learner."""

import pytest
from playwright.sync_api import Page, expect

from sidecar.core.attempts import Attempt
from sidecar.core.courses import CourseVersion
from tests.e2e.hostile import Played, World, attempts_of
from tests.e2e.playing import part

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASKS_FOR = ["camera", "microphone", "geolocation", "usb", "serial", "hid", "midi", "payment", "display-capture"]


def test_it_reads_no_page_cookie_or_storage_of_the_application(world: World, playing: Played) -> None:
    page, frame, _ = playing
    page.evaluate("localStorage.setItem('mine', '1'); sessionStorage.setItem('mine', '1'); indexedDB.open('mine')")
    read = ["top.document.title", "parent.parent.document.cookie", "top.localStorage.mine", "top.location.href"]
    assert set(attempts_of(frame, *read)) == {"SecurityError"}
    own = ["document.cookie", "parent.document.cookie", "localStorage.mine", "sessionStorage.mine"]
    assert attempts_of(frame, *own) == ["", "", "undefined", "undefined"]
    assert attempts_of(frame, "(await indexedDB.databases()).length") == ["0"]
    assert not [headers for headers in world.hosts.asked(".html") if "Cookie" in headers and "/play" not in headers]


def test_it_reads_no_answer_of_the_application(world: World, playing: Played) -> None:
    _, frame, learner = playing
    for path in (f"/play/{learner.launch_id}", f"/play/{learner.launch_id}/token", "/staff/", "/", "/lti/jwks"):
        url = f"{world.application}{path}"
        fetches = [f"fetch('{url}', {{credentials: '{mode}'}})" for mode in ("include", "omit")]
        assert set(attempts_of(frame, *fetches, *(f"parent.{fetch}" for fetch in fetches))) == {"TypeError"}, path
    tags = ["img", "script", "link"]
    loaded = "new Promise((resolve) => {{ const tag = document.createElement('{0}'); tag.rel = 'stylesheet';"
    loaded += " tag.onload = () => resolve('loaded'); tag.onerror = () => resolve('blocked');"
    loaded += " tag.src = tag.href = '{1}'; document.body.append(tag) }})"
    style = page_style(playing[0])
    assert attempts_of(frame, *(loaded.format(tag, style) for tag in tags)) == ["blocked"] * 3


def page_style(page: Page) -> str:
    """The address of a style sheet of the application."""
    found: str = page.evaluate("document.querySelector('link[rel=stylesheet]').href")
    return found


def test_another_packages_files_and_storage_are_out_of_reach_unless_they_share_a_host(
    world: World, playing: Played
) -> None:
    other_page, other_frame, other = world.play("localStorage.setItem('of-the-other', 'secret')")
    _, frame, _ = playing
    text, script = world.address_of(other, "secret.txt"), world.address_of(other, "secret.js")
    run = f"new Promise((done) => {{ const tag = document.createElement('script'); tag.src = '{script}';"
    run += " tag.onload = tag.onerror = () => done(window.secret); document.body.append(tag) })"
    framed = f"""new Promise((done) => {{ const frame = document.createElement('iframe');
        frame.src = '{world.address_of(other, "window.html")}'; document.body.append(frame);
        frame.onload = () => done(frame.contentDocument?.title) }})"""
    listen = "void (new BroadcastChannel('both').onmessage = (event) => { window.heard = event.data })"
    came = attempts_of(frame, f"(await fetch('{text}')).text()", run, framed, "localStorage['of-the-other']", listen)
    other_frame.evaluate("void new BroadcastChannel('both').postMessage('hello')")
    frame.page.wait_for_timeout(100)
    came.append(str(frame.evaluate("window.heard")))
    kept_apart = ["TypeError", "undefined", "undefined", "undefined", "undefined", "None"]
    together = ["secret", "read", "Vindu", "secret", "undefined", "hello"]
    assert came == (kept_apart if world.is_per_version else together)
    other_page.close()


def test_on_a_shared_host_only_reviewed_packages_play(world: World) -> None:
    learner = world.new_learner()
    with world.sidecar.transaction() as db:
        version = db.get_one(Attempt, learner.attempt_id).version_id
        db.get_one(CourseVersion, version).reviewed_at = None
    page = world.open(learner)
    if world.is_per_version:
        assert part(page).evaluate("api.LMSCommit('')") == "true"
    else:
        expect(page.get_by_text("This course is being looked at before it may play here.")).to_be_visible()
        assert page.locator("iframe").count() == 0
        page.goto(world.address_of(learner, "window.html"))
        expect(page.get_by_text("This course has to be reviewed")).to_be_visible()
    page.close()


def test_window_names_carry_nothing(world: World, playing: Played) -> None:
    page, frame, _ = playing
    assert page.evaluate("window.name") == ""
    assert attempts_of(frame, "window.name", "parent.name") == ["", ""]
    assert attempts_of(frame, "top.name", "top.name = 'mine'") == ["SecurityError", "SecurityError"]
    with world.context.expect_page() as opened:
        frame.evaluate("url => { window.name = 'mine'; parent.name = 'mine'; window.open(url) }", world.application)
    assert opened.value.evaluate("window.name") == ""
    opened.value.close()


def test_a_window_it_opens_to_the_application_is_out_of_its_hands(world: World, playing: Played) -> None:
    _, frame, learner = playing
    with world.context.expect_page() as opened:
        url = f"{world.application}/play/{learner.launch_id}/end"
        frame.evaluate("url => { window.held = window.open(url, 'held') }", url)
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("opener") is None
    assert attempts_of(frame, "held.closed", "held.length") == ["true", "0"]
    attempts_of(frame, "held.location = 'about:blank'")
    opened.value.wait_for_timeout(200)
    assert opened.value.url == url
    opened.value.close()


def test_a_window_to_its_own_files_finds_its_api_and_nothing_else(world: World, playing: Played) -> None:
    _, frame, _ = playing
    with world.context.expect_page() as opened:
        frame.evaluate("void window.open('window.html')")
    window = opened.value
    window.wait_for_load_state()
    assert window.evaluate("opener.parent.API.LMSGetValue('cmi.core.lesson_mode')") == "normal"
    assert attempts_of(window, "opener.top.document.title", "document.cookie") == ["SecurityError", ""]
    window.close()


def test_a_file_opened_by_itself_has_no_cookie_no_api_and_no_way_to_ask_for_the_camera(world: World) -> None:
    learner = world.new_learner()
    page = world.context.new_page()
    page.goto(world.address_of(learner, "window.html"))
    assert attempts_of(page, "document.cookie", "typeof API", "opener", "parent === window") == [
        "",
        "undefined",
        "null",
        "true",
    ]
    assert set(attempts_of(page, *(f"document.featurePolicy.allowsFeature('{name}')" for name in ASKS_FOR))) == {
        "false"
    }
    page.close()


def test_in_the_player_it_may_ask_for_nothing_but_media_and_the_full_screen(playing: Played) -> None:
    _, frame, _ = playing
    allowed = set(frame.evaluate("document.featurePolicy.allowedFeatures()"))
    assert not allowed & {*ASKS_FOR, "clipboard-read", "publickey-credentials-get", "local-fonts", "window-management"}
    assert {"autoplay", "fullscreen"} <= allowed
    assert attempts_of(frame, "document.documentElement.requestFullscreen()") in (["TypeError"], ["undefined"])


def test_pictures_run_nothing_and_texts_are_texts(world: World, playing: Played) -> None:
    _, frame, learner = playing
    run = "new Promise((done) => { const tag = document.createElement('script'); tag.src = 'script.png';"
    run += " tag.onload = tag.onerror = () => done(window.ranFromPicture); document.body.append(tag) })"
    assert attempts_of(frame, run) == ["undefined"]
    window = world.context.new_page()
    window.goto(world.address_of(learner, "page.txt"))
    assert window.evaluate("document.contentType") == "text/plain"
    assert "<script>" in window.inner_text("body")
    window.goto(world.address_of(learner, "drawing.svg"))
    assert attempts_of(window, "document.documentElement.id", "document.cookie") == ["ran", ""]
    window.close()


def test_a_programme_is_only_offered_for_download(world: World, playing: Played) -> None:
    _, frame, _ = playing
    with frame.page.expect_download() as download:
        frame.evaluate("void document.body.append(Object.assign(document.createElement('iframe'), {src: 'run.exe'}))")
    assert download.value.suggested_filename == "run.exe"


def test_third_parties_learn_no_more_than_the_packages_host(world: World, playing: Played) -> None:
    _, frame, learner = playing
    url = world.write("/leak", "")
    frame.evaluate("url => { new Image().src = url; fetch(url, {mode: 'no-cors'}).catch(() => 0) }", url)
    with world.context.expect_page() as opened:
        frame.evaluate("url => void window.open(url)", url)
    opened.value.wait_for_load_state()
    opened.value.close()
    told = {headers.get("Referer") for headers in world.hosts.asked("/leak")}
    origin = "/".join(world.address_of(learner, "").split("/")[:3])
    assert told == {f"{origin}/"}


def test_webrtc_tells_no_address(playing: Played) -> None:
    _, frame, _ = playing
    gather = """new Promise((done) => { const peer = new RTCPeerConnection(); const found = [];
        peer.onicecandidate = (event) => event.candidate && found.push(event.candidate.candidate);
        peer.createDataChannel('x'); peer.createOffer().then((offer) => peer.setLocalDescription(offer));
        setTimeout(() => done(found.map((line) => line.split(' ')[4])), 300) })"""
    addresses = attempts_of(frame, gather)[0].split(",")
    assert all(address.endswith(".local") for address in addresses), "the browser hides them behind made-up names"
