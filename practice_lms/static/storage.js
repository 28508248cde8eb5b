// Keep short data for the tool's pages, as long as this page is open, and answer as the standard says.
//
// Source: 1EdTech LTI Client Side postMessages; LTI postMessage Storage.

const tool = document.getElementById("storage").dataset.tool;
const kept = new Map();
const MOST_KEYS = 100;
const LONGEST = 4096;

const subjects = {
  "lti.capabilities": () => ({ supported_messages: Object.keys(subjects).map((subject) => ({ subject, frame: window.name || "_parent" })) }),
  "lti.put_data": put,
  "lti.get_data": ({ key }) => ({ key, value: kept.get(key) ?? null }),
};

addEventListener("message", ({ data, origin, source }) => {
  const { subject, message_id } = data ?? {};
  if (typeof subject !== "string" || !subject.startsWith("lti.") || subject.endsWith(".response")) return;
  source.postMessage({ subject: `${subject}.response`, message_id, ...answer(data, origin) }, origin);
});

function answer(data, origin) {
  if (!Object.hasOwn(subjects, data.subject)) return refusal("unsupported_subject");
  if (typeof data.message_id !== "string") return refusal("bad_request");
  if (data.subject === "lti.capabilities") return subjects[data.subject]();
  if (origin !== tool) return refusal("wrong_origin");
  if (typeof data.key !== "string" || !data.key) return refusal("bad_request");
  return subjects[data.subject](data);
}

function put({ key, value }) {
  if (value === null || value === undefined) kept.delete(key);
  else if (typeof value !== "string") return refusal("bad_request");
  else if (value.length > LONGEST || (kept.size >= MOST_KEYS && !kept.has(key))) return refusal("storage_exhaustion");
  else kept.set(key, value);
  return { key, value };
}

function refusal(code) {
  return { error: { code, message: code } };
}
