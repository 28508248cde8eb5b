// A question outside a quiz: answered as often as one likes, with an answer at once; it does not count.

import { isRight } from "./judging.js";

export class Practice {
  constructor(view, course) {
    this.view = view;
    this.course = course;
    const button = view.element.querySelector("[data-check]");
    button.hidden = false;
    button.disabled = course.isReview;
    button.addEventListener("click", () => this.#check());
    view.arrange(course.progress.seed, false);
  }

  restore() {
    const answer = this.course.progress.answers[this.view.question.id];
    if (!answer) return;
    this.view.write(answer);
    this.view.show(isRight(this.view.question, answer), answer);
    this.view.lock(this.course.isReview);
  }

  #check() {
    if (this.view.complain()) return this.view.focus();
    const answer = this.view.read();
    const wasRight = isRight(this.view.question, answer);
    this.view.show(wasRight, answer);
    this.course.answer([{ question: this.view.question, answer, isRight: wasRight, weight: 0 }]);
  }
}
