// The player's page: opens parts of the course in the shim's frame, and says what is saved.
//
// A package shares the shim's origin and can speak in its name: what comes from there never brings text of its own.

const data = JSON.parse(document.getElementById("player-data").textContent);
const frame = document.getElementById("course");
const status = document.getElementById("status");
const notice = document.getElementById("notice");
const contents = document.getElementById("contents");
const done = document.getElementById("done");
const carried = document.getElementById("carried"); // the form that shows who asks, where the browser keeps no cookie
const onward = document.getElementById("onward");
const buttons = Object.fromEntries(["previous", "continue", "suspend", "exit"].map((name) => [name, document.getElementById(name)]));
const SLOW_MS = 1500;
const RENEW_MS = 10 * 60 * 1000;
const CLOSE_MS = 8000;

let active = data.start;
let slow = 0;
let closing = null; // the shim is closing the part
let isOver = false; // the package has said good-bye, and the way on is not shown yet
let isLeaving = false; // the learner wants to go, as soon as all is saved

const parts = new Map(data.parts.map((part) => [part.id, part]));
const send = (message) => frame.contentWindow.postMessage(message, data.contentOrigin);

addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow || event.origin !== data.contentOrigin) return;
  const said = event.data ?? {};
  if (said.type === "ready") begin();
  else if (said.type === "transport") report(said);
  else if (said.type === "finished") finished(said);
  else if (said.type === "closing") wait(() => closed(false));
  else if (said.type === "closed") closed(said.isSaved);
});
addEventListener("pageshow", (event) => {
  if (event.persisted) visit(data.playUrl); // what the browser kept is older than what was saved
});
setInterval(renew, RENEW_MS);
buttons.previous.addEventListener("click", () => go(-1));
buttons.continue.addEventListener("click", () => go(1));
buttons.suspend.addEventListener("click", () => end(true));
buttons.exit.addEventListener("click", () => end(false));
onward.addEventListener("click", () => end(false));
contents?.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-part]");
  if (button && !button.disabled) open(button.dataset.part);
});
show();
frame.src = data.shimUrl;

function begin() {
  const { version, base, writable, isReview, scos } = data;
  for (const sco of scos) sco.valid = validity(sco.id);
  send({ type: "start", course: { version, base, writable, isReview, scos }, transport: data.transport, sco: active });
}

function open(id) {
  active = id;
  isLeaving = isOver = false;
  done.hidden = true;
  send({ type: "open", sco: id });
  show();
}

function go(step) {
  const next = data.parts[data.parts.findIndex((part) => part.id === active) + step];
  if (next) open(next.id);
}

function end(isSuspended) {
  wait(leave); // a shim that does not even say that it begins is stuck, and can save nothing more
  send({ type: "close", suspend: isSuspended });
}

function wait(next) {
  clearTimeout(closing);
  closing = setTimeout(next, CLOSE_MS);
}

function closed(isSaved) {
  clearTimeout(closing);
  closing = null;
  isLeaving = true;
  if (isSaved || data.isReview) leave();
  else warn(data.texts.stay);
}

function leave() {
  frame.remove(); // so that nothing in it asks whether to stay
  visit(data.endUrl);
}

function visit(url) {
  if (!carried) return location.assign(url);
  carried.action = url;
  carried.submit();
}

// The package said good-bye, perhaps with a wish where to go.
function finished({ sco, request, isSaved }) {
  if (closing || sco !== active) return;
  const target = /^\{target=(.+)\}(choice|jump)$/.exec(request)?.[1];
  const valid = validity(sco);
  if (target && valid.choice.includes(target)) open(target);
  else if (request === "continue" && valid.continue) go(1);
  else if (request === "previous" && valid.previous) go(-1);
  else if (["exit", "exitAll", "abandon", "abandonAll"].includes(request)) end(false);
  else if (request === "suspendAll") end(true);
  else {
    isOver = true;
    offer(isSaved || data.isReview);
  }
}

// Show the way on once all is saved: to the next part, else to the page at the end. Nobody is taken there unasked.
function offer(isSaved) {
  if (!isOver || !isSaved) return;
  isOver = false;
  done.hidden = validity(active).continue && !buttons.continue.hidden;
  (done.hidden ? buttons.continue : onward).focus();
}

function validity(id) {
  const part = parts.get(id);
  const reachable = (other) => other.choosable && part.confined.every((cluster) => other.within.includes(cluster));
  return { continue: part.canContinue, previous: part.canPrevious, choice: data.parts.filter(reachable).map((other) => other.id) };
}

function show() {
  const part = parts.get(active);
  const valid = validity(active);
  const isHidden = (...names) => names.some((name) => part.hidden.includes(name));
  buttons.continue.hidden = data.parts.length < 2 || isHidden("continue");
  buttons.previous.hidden = data.parts.length < 2 || isHidden("previous");
  buttons.continue.disabled = !valid.continue;
  buttons.previous.disabled = !valid.previous;
  buttons.exit.hidden = isHidden("exitAll", "exit");
  buttons.suspend.hidden = data.isReview || isHidden("suspendAll");
  for (const button of contents?.querySelectorAll("button[data-part]") ?? []) {
    button.disabled = !valid.choice.includes(button.dataset.part);
    button.toggleAttribute("aria-current", false);
    if (button.dataset.part === active) button.setAttribute("aria-current", "true");
  }
}

function report({ kind, code, state }) {
  clearTimeout(slow);
  if (kind === "saving") slow = setTimeout(() => say("saving"), SLOW_MS);
  else if (kind === "expired") renew();
  else say(kind);
  if (kind === "saved" && isLeaving) leave();
  if (kind === "saved") offer(true);
  if (kind === "saved") warn(state === "completed" ? data.texts.completed : "");
  if (kind === "conflict") warn(data.texts[code === "out-of-order" ? code : "attempt-finished"]);
  if (kind === "refused") warn(data.texts.refused);
  if (kind === "unsaved") warn(data.texts.stay);
}

// Change the live region only when there is news: it is read aloud.
function say(kind) {
  if (!["saved", "saving", "unsaved", "conflict", "refused"].includes(kind)) return;
  const text = data.texts[kind === "conflict" || kind === "refused" ? "unsaved" : kind];
  if (status.textContent !== text) status.textContent = text;
  status.dataset.kind = kind;
}

function warn(text) {
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = !text;
}

async function renew() {
  try {
    const body = carried && new URLSearchParams(new FormData(carried));
    const response = await fetch(data.tokenUrl, { method: body ? "POST" : "GET", body, headers: { Accept: "application/json" } });
    if (response.ok) send({ type: "token", token: (await response.json()).token });
    else if (response.status === 401 || response.status === 410) warn(data.texts.expired);
  } catch {
    // the network is away: the transport says so and tries again
  }
}
