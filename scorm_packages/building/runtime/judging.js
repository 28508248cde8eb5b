// Tell whether an answer is right. An answer is a list of strings, whatever the kind of question:
//   single, multiple: the letters chosen; true-false: "true" or "false"; fill-in: a text for each blank;
//   numeric: what was typed; matching: for each left side the letter of its right side; ordering: the letters in order.

export function isRight(question, answer) {
  switch (question.kind) {
    case "fill-in":
      return answer.every((text, blank) => question.accepted.some((blanks) => blanks[blank].some((each) => isSame(each, text))));
    case "numeric":
      return isWithin(question, numberOf(answer[0]));
    case "multiple":
      return [...answer].sort().join() === [...question.right].sort().join();
    default:
      return answer.join() === question.right.join();
  }
}

// What is missing before an answer can be judged: "" for nothing, or the name of a message.
export function lackOf(question, answer) {
  if (!answer.length || answer.some((part) => part.trim() === "")) return "unanswered";
  return question.kind === "numeric" && Number.isNaN(numberOf(answer[0])) ? "not-a-number" : "";
}

// A number as people write it: "1 000,5", "−3".
export function numberOf(text) {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "").replace(/^[−–]/, "-").replace(",", ".");
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : NaN;
}

function isWithin({ low, high }, number) {
  const slack = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
  return number >= low - slack && number <= high + slack;
}

function isSame(accepted, given) {
  return plain(accepted) === plain(given);
}

function plain(text) {
  return text.normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase();
}
