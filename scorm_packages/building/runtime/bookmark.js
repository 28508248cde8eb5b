// Put all that has to be remembered into a short text, and read it back.
//
// {v: 1, l: language, p: page, s: pages seen (a bit each, in hexadecimal), n: seed,
//  a: answers by question ("ac" for letters, a list for texts), t: tests ([tries, seed, done, points, most]), r: reflections}

const LETTERED = new Set(["single", "multiple", "matching", "ordering", "true-false"]);
const LONGEST_TEXT = 100;

export function pack(progress, course, limit) {
  const packed = {
    v: 1,
    l: progress.language,
    p: progress.page,
    s: packSeen(progress.seen, course.pages.length),
    n: progress.seed,
    a: packAnswers(progress.answers, course),
    t: progress.tests.map(({ tries, seed, isDone, points, most }) => [tries, seed, isDone ? 1 : 0, points, most]),
    r: progress.reflections,
  };
  return fit(packed, course, limit);
}

export function unpack(text, course) {
  try {
    const { v, l, p, s, n, a, t, r } = JSON.parse(text);
    if (v !== 1 || t.length !== course.tests.length) return null;
    return {
      language: course.languages.includes(l) ? l : "",
      page: course.pages[p] ? p : 0,
      seen: unpackSeen(s, course.pages.length),
      seed: n,
      answers: unpackAnswers(a, course),
      tests: t.map(([tries, seed, done, points, most]) => ({ tries, seed, isDone: done === 1, points, most })),
      reflections: r,
    };
  } catch {
    return null; // another version of the course wrote it, or nobody did
  }
}

// Where an LMS holds little: reflections are shortened first, the longest first; then answers go, for results stay.
function fit(packed, course, limit) {
  let text = JSON.stringify(packed);
  while (text.length > limit && Object.values(packed.r).some(Boolean)) {
    const [name, longest] = Object.entries(packed.r).reduce((most, each) => (each[1].length > most[1].length ? each : most));
    packed.r = { ...packed.r, [name]: longest.slice(0, Math.max(0, longest.length - Math.max(20, text.length - limit))) };
    text = JSON.stringify(packed);
  }
  for (const isCounted of [false, true]) {
    if (text.length <= limit) break;
    const kept = Object.entries(packed.a).filter(([id]) => course.questions[id].isCounted !== isCounted);
    packed.a = Object.fromEntries(kept);
    text = JSON.stringify(packed);
  }
  return text;
}

function packAnswers(answers, course) {
  const pairs = Object.entries(answers).map(([id, answer]) => {
    const { kind } = course.questions[id];
    if (kind === "true-false") return [id, answer[0][0]];
    return [id, LETTERED.has(kind) ? answer.join("") : answer.map((text) => text.slice(0, LONGEST_TEXT))];
  });
  return Object.fromEntries(pairs);
}

function unpackAnswers(packed, course) {
  const known = Object.entries(packed).filter(([id]) => course.questions[id]);
  const pairs = known.map(([id, answer]) => {
    if (course.questions[id].kind === "true-false") return [id, [answer === "t" ? "true" : "false"]];
    return [id, typeof answer === "string" ? [...answer] : answer];
  });
  return Object.fromEntries(pairs);
}

function packSeen(seen, pages) {
  let digits = "";
  for (let start = 0; start < pages; start += 4) {
    digits += [0, 1, 2, 3].reduce((sum, bit) => sum + (seen.has(start + bit) ? 1 << bit : 0), 0).toString(16);
  }
  return digits;
}

function unpackSeen(digits, pages) {
  const all = Array.from({ length: pages }, (_, page) => page);
  return new Set(all.filter((page) => (Number.parseInt(digits[page >> 2] ?? "0", 16) >> (page & 3)) & 1));
}
