// Ask whether the source was saved: reload when it was built anew, and say what is wrong until it is mended.

const POLL_MS = 700;
const LEAVING_MS = 500; // the course saves as it goes, and the page that comes must find that
let builds = null;

async function look() {
  try {
    const state = await (await fetch(`/desk/state?lang=${document.documentElement.lang}`)).json();
    if (builds !== null && state.builds !== builds) return leave();
    builds = state.builds;
    show(state);
  } catch {
    // The preview has ended, or its machine sleeps: what is shown stays.
  }
  setTimeout(look, POLL_MS);
}

function leave() {
  document.querySelectorAll("iframe").forEach((frame) => frame.remove());
  setTimeout(() => location.reload(), LEAVING_MS);
}

function show({ heading: title, problems }) {
  const known = document.getElementById("desk");
  if (!problems.length) return known?.remove();
  const place = known ?? document.body.appendChild(document.createElement("div"));
  place.id = "desk";
  place.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.textContent = title;
  const list = document.createElement("ul");
  list.append(...problems.slice(0, 50).map(line));
  if (place.dataset.shown === JSON.stringify(problems)) return undefined;
  place.dataset.shown = JSON.stringify(problems);
  place.replaceChildren(heading, list);
  return undefined;
}

function line({ place, message }) {
  const item = document.createElement("li");
  const where = document.createElement("code");
  where.textContent = place;
  item.append(where, ` ${message}`);
  return item;
}

look();
