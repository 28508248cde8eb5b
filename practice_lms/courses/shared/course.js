// Turn the sections of the course into pages, mark the test, and tell the LMS.
"use strict";

(function () {
  const { tracking } = window;
  const pages = [...document.querySelectorAll("section.page")];
  const quiz = document.querySelector("#quiz");
  const questions = [...quiz.querySelectorAll("fieldset")];
  const passPercent = Number(quiz.dataset.passPercent);
  const quizPage = pages.findIndex((page) => page.contains(quiz));
  const lastPage = pages.length - 1;
  const by = (id) => document.getElementById(id);
  let current = 0;
  let isFinished = false;
  let kept = { answers: {}, percent: null };

  function say(text) {
    by("status").textContent = text;
  }

  function readKept(text) {
    try {
      const found = JSON.parse(text);
      return { answers: found.answers || {}, percent: found.percent ?? null };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { answers: {}, percent: null };
    }
  }

  function isMarked() {
    return kept.percent !== null;
  }

  /** Show one page, put the focus on its heading and keep the place. */
  function show(index, { moveFocus = true } = {}) {
    const furthest = isMarked() ? lastPage : quizPage;
    current = Math.min(Math.max(index, 0), furthest);
    pages.forEach((page, number) => { page.hidden = number !== current; });
    by("place").textContent = `Side ${current + 1} av ${pages.length}`;
    by("progress").value = current + 1;
    by("previous").disabled = current === 0;
    by("next").hidden = current === lastPage || (current === quizPage && !isMarked());
    const heading = pages[current].querySelector("h1");
    document.title = `${heading.textContent} – ${document.body.dataset.title}`;
    if (moveFocus) heading.focus();
    window.scrollTo(0, 0);
    save();
  }

  function save() {
    if (!tracking.writable) return;
    const isSaved = tracking.save(pages[current].dataset.page, JSON.stringify(kept));
    say(isSaved ? "" : "Framdriften ble ikke lagret. Sjekk nettforbindelsen før du går videre.");
  }

  function chosenIn(question) {
    return [...question.querySelectorAll("input:checked")].map((input) => input.value);
  }

  function isRight(question, chosen) {
    return chosen.join() === question.dataset.right.split(" ").join();
  }

  /** Show for every question whether the answer was right, and why. */
  function showFeedback() {
    questions.forEach((question) => {
      const good = isRight(question, kept.answers[question.id] || []);
      question.querySelector("[data-feedback=right]").hidden = !good;
      question.querySelector("[data-feedback=wrong]").hidden = good;
      question.querySelectorAll("input").forEach((input) => { input.disabled = true; });
    });
    by("submit").hidden = true;
  }

  function showResult() {
    const passed = kept.percent >= passPercent;
    by("verdict").textContent = passed
      ? `Du fikk ${kept.percent} prosent og har bestått.`
      : `Du fikk ${kept.percent} prosent. Du trenger ${passPercent} prosent for å bestå.`;
    by("passed").hidden = !passed;
    by("failed").hidden = passed;
  }

  function fillIn() {
    questions.forEach((question) => {
      const chosen = kept.answers[question.id] || [];
      question.querySelectorAll("input").forEach((input) => { input.checked = chosen.includes(input.value); });
    });
  }

  function keepAnswers() {
    questions.forEach((question) => {
      const chosen = chosenIn(question);
      if (chosen.length) kept.answers[question.id] = chosen;
      else delete kept.answers[question.id];
    });
  }

  /** Say at a question that its answer is missing, or take that back. */
  function askFor(question, isMissing) {
    const id = `${question.id}-mangler`;
    by(id)?.remove();
    question.toggleAttribute("aria-describedby", false);
    if (!isMissing) return;
    const text = Object.assign(document.createElement("p"), { id, className: "missing", textContent: "Velg et svar her." });
    question.querySelector("legend").after(text);
    question.setAttribute("aria-describedby", id);
  }

  /** Mark the test: a percentage of right answers, reported once for each try. */
  function mark(event) {
    event.preventDefault();
    keepAnswers();
    const missing = questions.filter((question) => !kept.answers[question.id]);
    questions.forEach((question) => askFor(question, missing.includes(question)));
    if (missing.length) {
      say(`Du har ikke svart på alle spørsmålene. Fortsett med: ${missing[0].querySelector("legend").textContent}`);
      missing[0].querySelector("input").focus();
      missing[0].scrollIntoView({ block: "center" });
      return;
    }
    const results = questions.map((question) => ({
      id: question.id,
      text: question.querySelector("legend").textContent,
      chosen: kept.answers[question.id],
      right: question.dataset.right.split(" "),
      good: isRight(question, kept.answers[question.id]),
    }));
    kept.percent = Math.round((100 * results.filter((result) => result.good).length) / results.length);
    results.forEach((result) => tracking.addAnswer(result));
    tracking.setScore(kept.percent);
    tracking.setStatus(kept.percent >= passPercent ? "passed" : "failed");
    showFeedback();
    showResult();
    show(lastPage);
  }

  /** Clear the test for another try. */
  function retry() {
    kept = { answers: {}, percent: null };
    fillIn();
    questions.forEach((question) => {
      question.querySelectorAll("[data-feedback]").forEach((text) => { text.hidden = true; });
      question.querySelectorAll("input").forEach((input) => { input.disabled = false; });
    });
    by("submit").hidden = false;
    show(quizPage);
  }

  function finish() {
    const wasConnected = tracking.connected && tracking.writable;
    const isSaved = tracking.stop(isMarked() && kept.percent >= passPercent);
    isFinished = true;
    document.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    if (!wasConnected) say("Kurset er avsluttet. Ingenting ble lagret.");
    else if (isSaved) say("Kurset er avsluttet og resultatet er lagret. Du kan lukke vinduet.");
    else say("Kurset er avsluttet, men LMS-et bekreftet ikke lagringen. Åpne kurset på nytt og sjekk resultatet.");
  }

  function explainMode() {
    if (!tracking.connected) by("mode").textContent = "Kurset kjører uten LMS. Du kan lese alt og ta testen, men ingenting lagres.";
    else if (!tracking.writable) by("mode").textContent = "Du ser gjennom et kurs du har fullført. Svarene dine endres ikke.";
    by("mode").hidden = by("mode").textContent === "";
  }

  function start() {
    document.documentElement.classList.add("paged");
    const found = tracking.start();
    kept = readKept(found.kept || "{}");
    fillIn();
    if (isMarked()) { showFeedback(); showResult(); }
    explainMode();
    by("previous").addEventListener("click", () => show(current - 1));
    by("next").addEventListener("click", () => show(current + 1));
    by("retry").addEventListener("click", retry);
    by("review").addEventListener("click", () => show(quizPage));
    document.querySelectorAll("[data-finish]").forEach((button) => button.addEventListener("click", finish));
    quiz.addEventListener("submit", mark);
    quiz.addEventListener("change", (event) => {
      keepAnswers();
      askFor(event.target.closest("fieldset"), false);
      save();
    });
    window.addEventListener("pagehide", () => {
      if (!isFinished) tracking.stop(isMarked() && kept.percent >= passPercent);
    });
    const place = pages.findIndex((page) => page.dataset.page === found.place);
    show(place < 0 ? 0 : place, { moveFocus: place > 0 });
  }

  start();
}());
