// Find the LMS's API in the windows above, or in those above the window that opened this one.
// Source: SCORM 1.2 RTE §3.3.6.1; SCORM 2004 4th RTE §3.3.1.

const MOST_WINDOWS = 500;

export function findApi(name) {
  return seek(window, name) ?? (openerOf(window.top) || window.opener ? seek(window.opener ?? openerOf(window.top), name) : null);
}

function seek(start, name) {
  try {
    let here = start;
    for (let step = 0; here && step < MOST_WINDOWS; step += 1) {
      if (here[name]) return here[name];
      if (here.parent === here) return null;
      here = here.parent;
    }
  } catch {
    // The window above belongs to another site: whoever is up there does not speak to us.
  }
  return null;
}

function openerOf(there) {
  try {
    return there.opener;
  } catch {
    return null;
  }
}

// Set only what changed: every call costs in some LMSs.
export class Values {
  constructor(set) {
    this.set = set;
    this.known = new Map();
  }

  write(name, value) {
    const text = String(value);
    if (this.known.get(name) === text) return;
    if (String(this.set(name, text)) === "true") this.known.set(name, text);
  }
}
