// Let the LMS's window keep our secret, or ask for it back, where this browser keeps no cookies of ours in a frame.
//
// Only the window that the LMS named, on the origin where it signs people in, is told the secret or believed.
// Source: 1EdTech LTI Client Side postMessages; LTI postMessage Storage.

const page = document.getElementById("storage");
const form = document.getElementById("launch");
const { target, key, value } = page.dataset;
const platform = new URL(page.dataset.platform);
const subject = value ? "lti.put_data" : "lti.get_data";
const messageId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join("-");
const SECRET = /^[\w-]{43}$/;
const AGAIN_MS = 500; // the LMS's own script may begin to listen later than ours speaks

const asking = setInterval(ask, AGAIN_MS);
const patience = setTimeout(() => end(null), Number(page.dataset.patienceMs));
addEventListener("message", hear);
ask();

function ask() {
  const message = { subject, message_id: messageId, key };
  keeper()?.postMessage(value ? { ...message, value } : message, platform.origin);
}

// The window around this one, or the frame in it that the LMS named; null while there is none.
function keeper() {
  if (target === "_parent") return window.parent;
  try {
    const frame = window.parent.frames[target];
    return typeof frame.postMessage === "function" ? frame : null;
  } catch {
    return null;
  }
}

function hear({ data, origin, source }) {
  if (origin !== platform.origin || source === null || source !== keeper()) return;
  if (data?.subject !== `${subject}.response` || data.message_id !== messageId) return;
  if (data.error) end(null);
  else if (data.key === key) end(value ?? data.value);
}

function end(kept) {
  clearInterval(asking);
  clearTimeout(patience);
  removeEventListener("message", hear);
  if (form) giveBack(kept);
  else if (kept) location.replace(platform);
  else offerWindow();
}

function giveBack(kept) {
  document.getElementById("kept").value = typeof kept === "string" && SECRET.test(kept) ? kept : "";
  form.submit();
}

function offerWindow() {
  page.hidden = true;
  document.getElementById("offer").hidden = false;
  document.getElementById("main").focus();
}
