// The course as a whole: what the learner did so far, what it comes to, and who is told.

import { pack, unpack } from "./bookmark.js";
import { Edition } from "./edition.js";
import { decimal } from "./interactions.js";
import { newSeed } from "./random.js";

export class Course {
  constructor(data, record) {
    Object.assign(this, data);
    this.record = record;
    this.isReview = record?.isReview ?? false;
    for (const [id, question] of Object.entries(this.questions)) Object.assign(question, { id, languages: this.languages });
    this.progress = unpack(record?.state ?? "", this) ?? this.#fresh();
    this.progress.language ||= this.#likelyLanguage();
    this.restart();
  }

  start() {
    const roots = [...document.querySelectorAll("[data-language]")];
    this.editions = new Map(roots.map((root) => [root.dataset.language, new Edition(root, this)]));
    this.#showEdition();
    const asked = this.edition.pages.findIndex((page) => location.hash && `#${page.id}` === location.hash);
    this.#open(asked < 0 ? this.progress.page : asked, { isFocused: false });
    if (!this.record) this.edition.notice("no-lms");
    if (this.isReview) this.edition.notice("review");
    if (this.record?.returnUrl) this.editions.forEach(({ root }) => root.querySelector('[data-go="leave"]').hidden = false);
    this.keep();
  }

  get edition() {
    return this.editions.get(this.progress.language);
  }

  go(number) {
    this.#open(number);
    this.keep();
  }

  switchTo(language) {
    const drafts = this.edition.drafts();
    this.progress.language = language;
    this.#showEdition();
    drafts.filter(([id]) => !this.progress.answers[id]).forEach(([id, draft]) => this.edition.questions.get(id).write(draft));
    this.#open(this.progress.page, { isFocused: false });
    this.edition.root.querySelector(`[data-switch="${language}"]`).focus();
    this.keep();
  }

  // Record answers, and what the course comes to with them.
  answer(judged) {
    const [at, { language }] = [new Date(), this.progress];
    for (const each of judged) {
      this.progress.answers[each.question.id] = each.answer;
      if (!this.isReview) this.record?.record({ ...each, at, language, latency: at - this.askedAt });
    }
    this.keep();
  }

  // From now on the time runs that an answer takes.
  restart() {
    this.askedAt = Date.now();
  }

  keep() {
    const standing = this.#standing();
    this.edition.tell(this.#sentences(standing));
    if (this.isReview || !this.record) return;
    const { pages, progress } = this;
    const location = pages[progress.page];
    const share = decimal(progress.seen.size / pages.length);
    this.record.keep({ ...standing, location, progress: share, state: pack(progress, this, this.record.limit) });
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.keep();
    this.record?.close();
  }

  leave() {
    this.keep();
    this.isClosed = true;
    this.record.leave();
  }

  #open(number, options) {
    this.progress.page = number;
    if (!this.isReview) this.progress.seen.add(number);
    this.restart();
    this.edition.show(number, options);
  }

  #showEdition() {
    const { language } = this.progress;
    document.documentElement.lang = language;
    this.editions.forEach((edition) => {
      edition.root.hidden = edition.language !== language;
    });
    this.edition.restore();
  }

  #standing() {
    const { tests, progress } = this;
    const [points, most] = ["points", "most"].map((name) => progress.tests.reduce((sum, test) => sum + test[name], 0));
    const isDone = progress.tests.every((test) => test.isDone);
    const isEverySeen = progress.seen.size === this.pages.length;
    const score = isDone && most ? { percent: decimal(Math.round((10_000 * points) / most) / 100), scaled: Number(decimal(points / most)) } : null;
    if (!this.isDecidedByTests) return { isComplete: isEverySeen, success: "unknown", score };
    const isEachPassed = tests.every(({ ownMark }, index) => reaches(progress.tests[index], ownMark));
    const isPassed = isDone && isEachPassed && reaches({ points, most }, this.passPercent);
    const success = isPassed ? "passed" : isDone ? "failed" : "unknown";
    return { isComplete: isPassed || (isDone && isEverySeen), success, score };
  }

  #sentences({ isComplete, success }) {
    const unseen = this.pages.length - this.progress.seen.size;
    const open = this.progress.tests.filter((test) => !test.isDone).length;
    if (success === "passed") return [["done-passed"]];
    if (success === "failed") return [["done-failed"]];
    if (isComplete) return [["done"]];
    const left = [];
    if (unseen) left.push([unseen === 1 ? "left-page" : "left-pages", { count: unseen }]);
    if (open && this.isDecidedByTests) left.push(["left-exam"]);
    return left;
  }

  #fresh() {
    const tests = this.tests.map(() => ({ tries: 0, seed: newSeed(), isDone: false, points: 0, most: 0 }));
    return { language: "", page: 0, seen: new Set(), seed: newSeed(), answers: {}, tests, reflections: {} };
  }

  #likelyLanguage() {
    const wishes = [this.record?.language, ...navigator.languages].filter(Boolean);
    const found = wishes.map((wish) => this.languages.find((each) => isSameLanguage(each, wish))).find(Boolean);
    return found ?? this.languages[0];
  }
}

function reaches({ points, most }, percent) {
  return 100 * points >= percent * most - 1e-9;
}

function isSameLanguage(offered, wished) {
  const [one, other] = [offered, wished].map((code) => code.toLowerCase().split(/[-_]/)[0].replace(/^no$/, "nb"));
  return one === other;
}
