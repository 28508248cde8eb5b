// The course in one of its languages: its pages, one shown at a time, and all that stands on them.

import { Exam } from "./exam.js";
import { Practice } from "./practice.js";
import { QuestionView } from "./question_view.js";
import { Reflections } from "./reflections.js";

export class Edition {
  constructor(root, course) {
    this.root = root;
    this.course = course;
    this.language = root.dataset.language;
    this.pages = [...root.querySelectorAll("[data-page]")];
    this.links = [...root.querySelectorAll("[data-menu] a")];
    this.questions = new Map();
    root.querySelectorAll(".question").forEach((element) => {
      const question = course.questions[element.dataset.question];
      this.questions.set(question.id, new QuestionView(element, question, (name, facts) => this.say(name, facts)));
    });
    this.parts = [
      ...[...this.questions.values()].filter(({ question }) => !question.isCounted).map((view) => new Practice(view, course)),
      ...course.tests.map((test, index) => new Exam(this, test, index, course)),
      new Reflections(this, course),
    ];
    root.querySelectorAll("[data-scripted]").forEach((element) => {
      element.hidden = false;
    });
    this.root.querySelector("[data-menu]").open = isWide();
    this.#listen();
  }

  say(name, facts = {}) {
    return this.course.words[this.language][name].replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
  }

  clone(name) {
    return document.getElementById(`template-${name}-${this.language}`).content.firstElementChild.cloneNode(true);
  }

  restore() {
    this.parts.forEach((part) => part.restore());
  }

  show(number, { isFocused = true } = {}) {
    const { pages, course } = this;
    pages.forEach((page, index) => {
      if (index !== number) page.querySelectorAll("video, audio").forEach((media) => media.pause());
      page.hidden = index !== number;
    });
    this.links.forEach((link) => this.#markLink(link, pages[number]));
    this.#button("previous").disabled = number === 0;
    this.#button("next").disabled = number === pages.length - 1;
    const heading = pages[number].querySelector("h1");
    this.root.querySelector("[data-skip]").setAttribute("href", `#${heading.id}`);
    const title = this.root.querySelector("[data-title]").textContent;
    document.title = heading.textContent === title ? title : `${heading.textContent} – ${title}`;
    const where = this.say("page-of", { page: number + 1, pages: pages.length });
    this.root.querySelectorAll("[data-where]").forEach((place) => place.replaceChildren(where));
    const bar = this.root.querySelector("progress");
    bar.max = pages.length;
    bar.value = course.progress.seen.size;
    if (!isFocused) return;
    this.root.querySelector("[data-menu]").open = isWide();
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  // Where the course stands, said on its last page.
  tell(standing) {
    const place = this.root.querySelector("[data-standing]");
    const isLast = this.course.progress.page === this.pages.length - 1;
    place.textContent = isLast ? standing.map(([name, facts]) => this.say(name, facts)).join(" ") : "";
  }

  notice(name) {
    const place = this.root.querySelector("[data-notice]");
    place.textContent = this.say(name);
    place.hidden = false;
  }

  titleOf(target) {
    return this.pages.find((page) => `#${page.id}` === target)?.querySelector("h1").textContent;
  }

  drafts() {
    return [...this.questions].map(([id, view]) => [id, view.read()]);
  }

  #listen() {
    const { course } = this;
    this.#button("previous").addEventListener("click", () => course.go(course.progress.page - 1));
    this.#button("next").addEventListener("click", () => course.go(course.progress.page + 1));
    this.root.querySelectorAll("[data-switch]").forEach((button) => {
      button.addEventListener("click", () => course.switchTo(button.dataset.switch));
    });
    this.#button("leave").addEventListener("click", () => course.leave());
    this.root.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      const target = link && document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
      const number = this.pages.findIndex((page) => page.contains(target));
      if (!target || number < 0) return;
      event.preventDefault();
      this.#follow(target, number);
    });
  }

  #follow(target, number) {
    this.course.go(number);
    if (target === this.pages[number]) return;
    target.tabIndex = -1;
    target.scrollIntoView();
    target.focus();
  }

  #markLink(link, page) {
    const number = this.pages.findIndex((each) => `#${each.id}` === link.getAttribute("href"));
    if (this.pages[number] === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.querySelector("[data-seen]").hidden = !this.course.progress.seen.has(number);
  }

  #button(name) {
    return this.root.querySelector(`[data-go="${name}"]`);
  }
}

// There is room for the menu beside the page.
function isWide() {
  return matchMedia("(min-width: 64rem)").matches;
}
