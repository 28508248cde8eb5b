// The quizzes of a page, in one language: which questions are asked, the answers handed in together, the result, again.

import { isRight } from "./judging.js";
import { hashed, newSeed, seededRandom, shuffled } from "./random.js";

export class Exam {
  constructor(edition, definition, index, course) {
    Object.assign(this, { edition, definition, index, course });
    this.quizzes = definition.quizzes.map((quiz) => edition.root.querySelector(`[data-quiz="${quiz.id}"]`));
    this.slots = this.quizzes.map((quiz) => [...quiz.querySelectorAll(".question")].map(replaceable));
    this.panel = edition.clone("exam-end");
    this.quizzes.at(-1).append(this.panel);
    const terms = edition.clone("exam-terms");
    terms.textContent = this.#terms();
    (this.quizzes[0].querySelector("h2") ?? this.quizzes[0].firstElementChild).after(terms);
    this.#find("hand-in").addEventListener("click", () => this.#handIn());
    this.#find("again").addEventListener("click", () => this.#again());
    this.#arrange();
  }

  get standing() {
    return this.course.progress.tests[this.index];
  }

  // Show what was handed in, as after a language was switched or the course resumed.
  restore() {
    this.#arrange();
    const answers = this.#asked().map((id) => this.course.progress.answers[id]);
    const isHandedIn = answers.every(Boolean) && this.standing.tries > 0;
    if (isHandedIn) this.#show(this.#judge());
    else if (this.standing.isDone) this.#showStanding();
    if (this.course.isReview) this.#views().forEach((view) => view.lock(true));
    this.#find("hand-in").hidden = isHandedIn || this.course.isReview || this.#isUsedUp();
  }

  #terms() {
    const { definition, edition } = this;
    const count = definition.quizzes.reduce((sum, quiz) => sum + (quiz.draw || quiz.questions.length), 0);
    const said = [edition.say(count === 1 ? "exam-one" : "exam-many", { count })];
    if (definition.mark) said.push(edition.say("exam-mark", { percent: definition.mark }));
    if (definition.tries === 1) said.push(edition.say("exam-once"));
    if (definition.tries > 1) said.push(edition.say("exam-tries", { count: definition.tries }));
    return said.join(" ");
  }

  #asked() {
    return this.definition.quizzes.flatMap((quiz) => askedOf(quiz, this.standing.seed));
  }

  #views() {
    return this.#asked().map((id) => this.edition.questions.get(id));
  }

  #arrange() {
    this.definition.quizzes.forEach((quiz, number) => {
      const asked = askedOf(quiz, this.standing.seed);
      const others = quiz.questions.filter((id) => !asked.includes(id));
      [...asked, ...others].forEach((id, place) => {
        const view = this.edition.questions.get(id);
        this.slots[number][place].after(view.element);
        view.element.hidden = !asked.includes(id);
        view.arrange(this.standing.seed, quiz.shuffle);
      });
    });
    this.#views().forEach((view, index) => {
      view.element.querySelector("[data-number]").textContent = this.edition.say("question", { number: index + 1 });
    });
  }

  #handIn() {
    const lacking = this.#views().filter((view) => view.complain());
    this.#find("problem").textContent = lacking.length ? this.edition.say("exam-lack", { count: lacking.length }) : "";
    if (lacking.length) return lacking[0].focus();
    this.#views().forEach((view) => {
      this.course.progress.answers[view.question.id] = view.read();
    });
    const judged = this.#judge();
    this.#keep(judged);
    this.#show(judged);
    this.course.answer(judged.map((each) => ({ ...each, weight: 1 })));
    this.#find("result").focus();
  }

  #judge() {
    return this.#views().map(({ question }) => {
      const answer = this.course.progress.answers[question.id];
      return { question, answer, isRight: isRight(question, answer) };
    });
  }

  // The best try stands.
  #keep(judged) {
    const { standing } = this;
    const points = judged.filter((each) => each.isRight).length;
    if (!standing.isDone || points * standing.most > standing.points * judged.length) {
      Object.assign(standing, { points, most: judged.length });
    }
    standing.tries += 1;
    standing.isDone = true;
  }

  #show(judged) {
    judged.forEach(({ question, answer, isRight: wasRight }) => {
      const view = this.edition.questions.get(question.id);
      view.write(answer);
      view.show(wasRight, answer);
      view.lock(true);
      if (this.#isUsedUp() || judged.every((each) => each.isRight)) view.reveal();
    });
    const points = judged.filter((each) => each.isRight).length;
    this.#find("hand-in").hidden = true;
    this.#tell(points, judged.length);
    this.#tellAgain(judged.filter((each) => !each.isRight));
    this.#find("again").hidden = this.course.isReview || this.#isUsedUp() || points === judged.length;
  }

  #showStanding() {
    this.#tell(this.standing.points, this.standing.most);
    this.#find("again").hidden = this.course.isReview || this.#isUsedUp();
    this.#find("hand-in").hidden = true;
  }

  #isUsedUp() {
    return this.definition.tries > 0 && this.standing.tries >= this.definition.tries;
  }

  #tell(points, most) {
    const { edition, definition } = this;
    const percent = Math.round((100 * points) / most);
    const isPassed = 100 * points >= definition.mark * most - 1e-9;
    this.#find("result").hidden = false;
    this.#find("result").dataset.passed = definition.mark ? String(isPassed) : "";
    this.#find("points").textContent = edition.say("exam-points", { points, most, percent });
    this.#find("verdict").textContent = definition.mark ? edition.say(isPassed ? "exam-passed" : "exam-failed", { percent: definition.mark }) : "";
    const left = definition.tries - this.standing.tries;
    this.#find("left").textContent = definition.tries && left >= 0 ? edition.say("exam-left", { count: left }) : "";
    const best = Math.round((100 * this.standing.points) / this.standing.most);
    this.#find("best").textContent = best > percent ? edition.say("exam-best", { percent: best }) : "";
  }

  // What to read again: the questions that went wrong, and the pages that their feedback links to.
  #tellAgain(wrong) {
    const list = this.#find("read-again");
    const views = wrong.map(({ question }) => this.edition.questions.get(question.id));
    const links = views.map((view) => [`#${view.element.id}`, view.question.text[this.edition.language]]);
    views.flatMap((view) => [...view.status.querySelectorAll('a[href^="#"]')]).forEach((link) => {
      const target = link.getAttribute("href");
      const title = this.edition.titleOf(target);
      if (title && !links.some(([known]) => known === target)) links.push([target, title]);
    });
    list.replaceChildren(...links.map(linkItem));
    list.parentElement.hidden = !links.length;
  }

  #again() {
    this.#asked().forEach((id) => delete this.course.progress.answers[id]);
    this.standing.seed = newSeed();
    this.definition.quizzes.flatMap((quiz) => quiz.questions).forEach((id) => {
      const view = this.edition.questions.get(id);
      view.write([]);
      view.clear();
      view.lock(false);
    });
    this.#find("result").hidden = true;
    this.#find("again").hidden = true;
    this.#find("hand-in").hidden = false;
    this.#arrange();
    this.course.keep();
    this.course.restart();
    this.#views()[0].focus();
  }

  #find(name) {
    return this.panel.querySelector(`[data-exam="${name}"]`);
  }
}

function askedOf(quiz, seed) {
  const mixed = shuffled(quiz.questions, seededRandom(seed ^ hashed(quiz.id)));
  const asked = quiz.draw ? mixed.slice(0, quiz.draw) : mixed;
  return quiz.shuffle ? asked : quiz.questions.filter((id) => asked.includes(id));
}

function replaceable(question) {
  const slot = document.createComment("");
  question.before(slot);
  return slot;
}

function linkItem([target, text]) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = target;
  link.textContent = text;
  item.append(link);
  return item;
}
