// Write questions and answers as the standards want them.
// Source: SCORM 1.2 RTE §3.4.7 (cmi.interactions); SCORM 2004 4th RTE §4.2.9; xAPI 1.0.3 Data, appendix C (the same).

import { numberOf } from "./judging.js";

export const TYPES = {
  single: "choice",
  multiple: "choice",
  "true-false": "true-false",
  "fill-in": "fill-in",
  numeric: "numeric",
  matching: "matching",
  ordering: "sequencing",
};

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const MOST_PATTERNS = 5; // what an LMS must hold of a fill-in's correct answers

export function response12(question, answer) {
  switch (question.kind) {
    case "true-false":
      return answer[0][0];
    case "fill-in":
      return cut(answer.join(", "), 255);
    case "numeric":
      return decimal(numberOf(answer[0]));
    case "matching":
      return answer.map((right, left) => `${LETTERS[left]}.${right}`).join();
    default:
      return answer.join();
  }
}

export function patterns12(question, language) {
  if (question.kind === "fill-in") return combinations(question, language).map((blanks) => response12(question, blanks));
  if (question.kind === "numeric") return [...new Set([decimal(question.low), decimal(question.high)])]; // no ranges there
  return [response12(question, question.right)];
}

export function response2004(question, answer) {
  switch (question.kind) {
    case "fill-in":
      return answer.map((text) => cut(text.replaceAll("[,]", ","), 250)).join("[,]");
    case "numeric":
      return decimal(numberOf(answer[0]));
    case "matching":
      return answer.map((right, left) => `${LETTERS[left]}[.]${right}`).join("[,]");
    default:
      return answer.join("[,]");
  }
}

export function patterns2004(question, language) {
  if (question.kind === "fill-in") {
    const blanks = combinations(question, language).map((each) => response2004(question, each));
    return blanks.map((text) => `{case_matters=false}${text}`);
  }
  if (question.kind === "numeric") return [`${decimal(question.low)}[:]${decimal(question.high)}`];
  return [response2004(question, question.right)];
}

// Every way to fill the blanks rightly, the first few.
function combinations(question, language) {
  let found = [[]];
  for (const accepted of question.accepted[question.languages.indexOf(language)]) {
    found = found.flatMap((blanks) => accepted.map((text) => [...blanks, text])).slice(0, MOST_PATTERNS);
  }
  return found;
}

// At most seven decimals, and never as 1e-7.
export function decimal(number) {
  return String(Number(number.toFixed(7)) || 0).includes("e") ? number.toFixed(7) : String(Number(number.toFixed(7)));
}

export function cut(text, characters) {
  return text.slice(0, characters).replace(/[\ud800-\udbff]$/, "");
}
