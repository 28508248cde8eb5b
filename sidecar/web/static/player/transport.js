// Carry what a package sets to the server, and say "saved" only when the server has said so.
//
// Every request holds all changes since the last acknowledged one (`after`), under a new number (`seq`): sending
// again is always safe, whether or not the earlier request arrived.

const AUTOSAVE_MS = 400;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000, 30000];
const ANSWER_TIMEOUT_MS = 20000;
const BEACON_BYTES = 60000; // browsers let a closing document send 64 KiB in all
const CARRIERS = 8; // … each document, so empty frames carry the rest
const TYPE = "text/plain;charset=UTF-8"; // a "simple" request: no preflight, so that it works from a closing page

export class Transport {
  isFrameLeaving = false; // while a package's frame is taken down, browsers allow no waiting for answers
  #url;
  #token;
  #session;
  #seq;
  #acknowledged;
  #entries = []; // one for each part of the course with something to send: {sco, changes, final, version}
  #request = null; // the AbortController of the request under way
  #timer = 0;
  #failures = 0;
  #carriers = [];
  #waiting = [];
  #isStopped = false;
  #isLeaving = false;
  #tell;

  // tell(event): {kind: "saving"|"saved"|"unsaved"|"refused"|"conflict"|"expired", state?, grade?, element?, code?}
  constructor({ url, token, session, seq, tell }) {
    this.#url = url;
    this.#token = token;
    this.#session = session;
    this.#seq = this.#acknowledged = seq;
    this.#tell = (event) => {
      tell(event);
      if (event.kind !== "saving") this.#waiting.splice(0).forEach((resolve) => resolve());
    };
  }

  get isSaved() {
    return this.#entries.length === 0;
  }

  renew(token) {
    this.#token = token;
    if (!this.isSaved) this.#schedule(0);
  }

  record(sco, name, value) {
    const entry = this.#entryOf(sco);
    entry.changes[name] = value;
    entry.version += 1;
    this.#changed();
  }

  // The package has said good-bye, or an asset was opened: worth a commit even without changes.
  finish(sco) {
    const entry = this.#entryOf(sco);
    entry.final = true;
    entry.version += 1;
    this.#changed();
  }

  // Send everything now and wait for the answer; true only if the server has acknowledged all of it.
  saveNow() {
    if (this.isSaved) return true;
    if (this.isFrameLeaving) return false;
    if (this.#isLeaving) {
      this.leave();
      return false;
    }
    if (this.#isStopped || this.#failures > 0) return false;
    this.#request?.abort();
    this.#request = null;
    while (!this.isSaved) {
      const entry = this.#entries[0];
      const sent = this.#pack(entry);
      const request = new XMLHttpRequest();
      try {
        request.open("POST", this.#url, false);
        request.setRequestHeader("Content-Type", TYPE);
        request.send(sent.body);
      } catch {
        this.#failed();
        return false;
      }
      if (!this.#answered(entry, sent, request.status, parse(request.responseText))) return false;
    }
    return true;
  }

  // The page may go away soon: don't wait for the autosave.
  saveSoon() {
    if (!this.isSaved && this.#failures === 0) this.#schedule(0);
  }

  // The network is back: don't wait for the next try.
  retry() {
    if (!this.isSaved) this.#schedule(0);
  }

  // Resolve when all is saved, or when it is clear that it is not.
  settled() {
    if (this.isSaved || this.#isStopped) return Promise.resolve();
    this.#schedule(0);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  // Make the frames that carry what is too large for one closing document. They have to be younger than the frame
  // of the package, as a browser takes frames down in the order of their age.
  prepare() {
    for (const carrier of this.#carriers) carrier.remove();
    this.#carriers = Array.from({ length: CARRIERS }, () => {
      const carrier = document.createElement("iframe");
      carrier.hidden = true;
      document.body.append(carrier);
      return carrier;
    });
  }

  // The page is going away: hand everything to the browser, in pieces that it takes.
  leave() {
    this.#isLeaving = true;
    if (this.#isStopped) return;
    for (const entry of this.#entries) {
      if (entry.left === entry.version) continue;
      entry.left = entry.version;
      const { body, seq } = this.#pack(entry);
      for (const piece of this.#cut(body, seq)) this.#hand(piece);
    }
  }

  #hand(piece) {
    const blob = new Blob([piece], { type: TYPE });
    const windows = [window, ...this.#carriers.map((carrier) => carrier.contentWindow)];
    return windows.some((frame) => frame?.navigator.sendBeacon(this.#url, blob));
  }

  #entryOf(sco) {
    const last = this.#entries.at(-1);
    if (last && last.sco === sco && !last.final) return last;
    const entry = { sco, changes: {}, final: false, version: 0, left: -1 };
    this.#entries.push(entry);
    return entry;
  }

  #changed() {
    if (this.#isLeaving) queueMicrotask(() => this.leave());
    else if (this.#failures === 0) this.#schedule(AUTOSAVE_MS);
  }

  #schedule(delay) {
    if (this.#isStopped) return;
    if (this.#timer && delay > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#send();
    }, delay);
  }

  async #send() {
    if (this.#request || this.isSaved || this.#isStopped) return;
    const entry = this.#entries[0];
    const sent = this.#pack(entry);
    const controller = new AbortController();
    this.#request = controller;
    if (this.#failures === 0) this.#tell({ kind: "saving" });
    const timeout = setTimeout(() => controller.abort(), ANSWER_TIMEOUT_MS);
    try {
      const keepalive = bytesOf(sent.body) < BEACON_BYTES;
      const request = { method: "POST", headers: { "Content-Type": TYPE }, body: sent.body, keepalive };
      const response = await fetch(this.#url, { ...request, credentials: "omit", signal: controller.signal });
      const answer = parse(await response.text());
      if (this.#request !== controller) return;
      this.#request = null;
      if (this.#answered(entry, sent, response.status, answer) && !this.isSaved) this.#schedule(0);
    } catch {
      if (this.#request !== controller) return; // saveNow took over
      this.#request = null;
      this.#failed();
    } finally {
      clearTimeout(timeout);
    }
  }

  #pack(entry) {
    const seq = (this.#seq += 1);
    const changes = { ...entry.changes };
    const commit = { seq, after: this.#acknowledged, session: this.#session, sco: entry.sco, changes };
    const body = JSON.stringify({ token: this.#token, ...commit, final: entry.final });
    return { seq, changes, version: entry.version, body };
  }

  #cut(body, seq) {
    if (bytesOf(body) <= BEACON_BYTES) return [body];
    const texts = slices(body, BEACON_BYTES - 2000);
    const head = { token: this.#token, session: this.#session, seq, of: texts.length };
    return texts.map((text, piece) => JSON.stringify({ ...head, piece, text }));
  }

  #answered(entry, sent, status, answer) {
    if (status === 200 && answer?.acknowledged === sent.seq) {
      this.#acknowledged = sent.seq;
      this.#token = answer.token ?? this.#token;
      this.#failures = 0;
      this.#forget(entry, sent);
      if (this.isSaved) this.#tell({ kind: "saved", state: answer.state, grade: answer.grade });
      return true;
    }
    return this.#refused(entry, status, answer?.error);
  }

  #forget(entry, sent) {
    if (entry.version === sent.version) {
      this.#entries.splice(this.#entries.indexOf(entry), 1);
      return;
    }
    for (const [name, value] of Object.entries(sent.changes)) {
      if (entry.changes[name] === value) delete entry.changes[name];
    }
  }

  #refused(entry, status, error) {
    const element = error?.facts?.element;
    if (status === 400 && element in entry.changes) {
      delete entry.changes[element]; // the rest must not suffer for it
      this.#tell({ kind: "refused", element });
      this.#schedule(0);
    } else if (status === 401) {
      this.#tell({ kind: "expired" });
      this.#failed();
    } else if (status === 409) {
      this.#isStopped = true;
      this.#tell({ kind: "conflict", code: error?.code });
    } else if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      this.#isStopped = true;
      this.#tell({ kind: "refused" });
    } else {
      this.#failed();
    }
    return false;
  }

  #failed() {
    const delay = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#tell({ kind: "unsaved" });
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#schedule(delay);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a login page or a proxy's error is no acknowledgement
  }
}

function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

// Cut a text so that no slice is larger as a JSON string in UTF-8.
function slices(text, limit) {
  const found = [];
  let start = 0;
  let size = 0;
  for (let at = 0; at < text.length; at += 1) {
    const cost = jsonBytes(text.charCodeAt(at));
    if (size + cost > limit) {
      found.push(text.slice(start, at));
      start = at;
      size = 0;
    }
    size += cost;
  }
  return [...found, text.slice(start)];
}

function jsonBytes(unit) {
  if (unit === 0x22 || unit === 0x5c) return 2;
  if (unit < 0x20 || (unit >= 0xd800 && unit <= 0xdfff)) return 6; // escaped, as a half of a pair is when cut off
  return unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
}
