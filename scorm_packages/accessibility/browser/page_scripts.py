"""Hold the small scripts that run within the pages that are looked at."""

from __future__ import annotations

from typing import Final

LMS: Final = """
(() => {
  const values = {};
  const api = {};
  const yes = () => "true";
  for (const name of ["Initialize", "Terminate", "Finish", "Commit"]) api[name] = yes;
  api.GetValue = (name) => values[name] ?? "";
  api.SetValue = (name, value) => ((values[name] = String(value)), "true");
  api.GetLastError = () => "0";
  api.GetErrorString = api.GetDiagnostic = () => "";
  for (const [name, call] of Object.entries(api)) api[`LMS${name}`] = call;
  if (window === window.top) Object.assign(window, { API: api, API_1484_11: api });
})();
"""
"""An LMS that believes everything and keeps nothing, so that courses begin."""

PREPARE: Final = "() => document.querySelectorAll('details').forEach((part) => { part.open = true; })"

JUDGE: Final = """async () => {
  const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const { violations } = await axe.run(document, { iframes: false, runOnly, resultTypes: ["violations"] });
  return violations.slice(0, 50).map(({ id, help, tags, nodes }) => ({
    id, help, tags,
    nodes: nodes.slice(0, 5).map(({ html, failureSummary }) => ({
      html: html.slice(0, 240), mend: (failureSummary || "").slice(0, 400),
    })),
  }));
}"""
"""What axe-core finds; what is right, or can't be told, does not come back."""

FOCUS: Final = """() => {
  const describe = (element) => element.outerHTML.slice(0, 160);
  const around = (element) => [element, element.parentElement, element.nextElementSibling].filter(Boolean);
  const look = (element) => around(element).map((each) => {
    const style = getComputedStyle(each);
    return [style.outlineStyle, style.outlineWidth, style.outlineColor, style.boxShadow, style.borderColor,
      style.borderWidth, style.backgroundColor, style.color, style.textDecorationLine].join();
  }).join("|");
  const walk = { found: [], last: null, lastLook: "", stays: 0, moved: false, seen: new Set() };
  const tell = (code, element) => walk.found.push({ code, element: describe(element) });
  walk.leave = () => {
    const element = walk.last;
    if (element && element.isConnected && look(element) === walk.lastLook) tell("focus-invisible", element);
  };
  walk.step = () => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) {
      walk.leave();
      walk.last = null;
      return true;
    }
    if (element === walk.last) {
      walk.stays += 1;
      const isFrame = ["IFRAME", "FRAME", "OBJECT", "VIDEO", "AUDIO"].includes(element.tagName);
      const isDate = ["date", "time", "datetime-local", "month", "week"].includes(element.type);
      if (isFrame || isDate) return walk.stays > 40;
      if (walk.stays >= 3) tell("keyboard-trap", element);
      return walk.stays >= 3;
    }
    walk.leave();
    if (walk.seen.has(element)) { walk.last = null; return true; }
    const isBefore = walk.last && walk.last.isConnected
      && walk.last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING;
    if (isBefore) tell("focus-order", element);
    walk.seen.add(element);
    Object.assign(walk, { last: element, lastLook: look(element), stays: 0 });
    return false;
  };
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  window.focusWalk = walk;
}"""
"""A walk by Tab: `step` says after each press whether it is over; what had the focus must look otherwise afterwards."""

PAGES: Final = """() => {
  const edition = document.querySelector(".edition:not([hidden])");
  const section = [...edition.querySelectorAll("[data-page]")].find((each) => each.getClientRects().length);
  const next = edition.querySelector('[data-go="next"]');
  const questions = [...section.querySelectorAll("[data-question]")];
  const practice = questions.filter((each) => each.querySelector("[data-check]"));
  return {
    id: section.id,
    hasNext: !!next && !next.disabled && next.getClientRects().length > 0,
    practice: practice.length,
    exam: !!section.querySelector('[data-exam="hand-in"]'),
    again: [...section.querySelectorAll('[data-exam="again"]')].some((each) => !each.hidden),
  };
}"""

ANSWER: Final = """(isRight) => {
  const edition = document.querySelector(".edition:not([hidden])");
  const section = [...edition.querySelectorAll("[data-page]")].find((each) => each.getClientRects().length);
  const told = (input) => input.dispatchEvent(new Event("input", { bubbles: true }));
  for (const element of section.querySelectorAll("[data-question]")) {
    const question = courseData.questions[element.dataset.question];
    const inputs = [...element.querySelectorAll("input, select")].filter((input) => !input.disabled);
    if (!inputs.length && question.kind !== "ordering") continue; // handed in for good
    if (question.kind === "ordering") {
      question.right.forEach((letter, place) => {
        const order = () => [...element.querySelectorAll("[data-step]")].map(({ dataset }) => dataset.step);
        const button = () => element.querySelector(`[data-step="${letter}"] [data-move="up"]`);
        for (let tries = 0; isRight && order().indexOf(letter) > place && tries < 40; tries += 1) button().click();
      });
    } else if (["single", "multiple", "true-false"].includes(question.kind)) {
      const wrong = inputs.find(({ value }) => !question.right.includes(value)) ?? inputs[0];
      inputs.forEach((input) => { input.checked = isRight ? question.right.includes(input.value) : input === wrong; });
    } else if (question.kind === "matching") {
      inputs.forEach((input, index) => { input.value = isRight ? question.right[index] : input.options[1].value; });
    } else if (question.kind === "numeric") {
      inputs[0].value = String(isRight ? question.low : question.low - 1).replace(".", ",");
    } else {
      const language = courseData.languages.indexOf(edition.dataset.language);
      const accepted = question.accepted[Math.max(language, 0)] ?? question.accepted[0];
      inputs.forEach((input, index) => { input.value = isRight ? accepted[index][0] : "–"; });
    }
    inputs.forEach(told);
  }
}"""
"""Answer every question of the page that is shown, all right or all wrong as far as its kind allows."""

PRESS: Final = """(selector) => {
  const edition = document.querySelector(".edition:not([hidden])");
  const shown = [...edition.querySelectorAll(selector)].filter((each) => each.getClientRects().length);
  shown.forEach((each) => each.click());
  return shown.length;
}"""
