// A question as it stands on a page in one language: read it, write it, lock it, and say how it went.

import { lackOf } from "./judging.js";
import { OrderList } from "./order_list.js";
import { disordered, hashed, seededRandom, shuffled } from "./random.js";

export class QuestionView {
  constructor(element, question, say) {
    this.element = element;
    this.question = question;
    this.say = say;
    this.status = element.querySelector("[data-status]");
    this.inputs = [...element.querySelectorAll("input, select")];
    const clear = () => this.clear();
    element.addEventListener("input", clear);
    if (question.kind === "ordering") this.order = new OrderList(element, say, clear);
  }

  // The same seed gives the same order, in every language.
  arrange(seed, isShuffled) {
    const random = seededRandom(seed ^ hashed(this.question.id));
    if (this.order) this.order.write(disordered(this.question.right, random));
    if (!isShuffled || !["single", "multiple"].includes(this.question.kind)) return;
    const options = [...this.element.querySelectorAll(".option")];
    const byLetter = options.sort((one, other) => letterOf(one).localeCompare(letterOf(other)));
    options[0]?.parentElement.append(...shuffled(byLetter, random));
  }

  read() {
    if (this.order) return this.order.read();
    const isChoice = ["radio", "checkbox"].includes(this.inputs[0]?.type);
    const chosen = isChoice ? this.inputs.filter(({ checked }) => checked) : this.inputs;
    const values = chosen.map(({ value }) => value);
    return isChoice ? values.sort() : values;
  }

  write(answer) {
    if (this.order) return this.order.write(answer);
    this.inputs.forEach((input, index) => {
      if (["radio", "checkbox"].includes(input.type)) input.checked = answer.includes(input.value);
      else input.value = answer[index] ?? "";
    });
  }

  // What is missing is said where the question stands; returns whether anything is.
  complain() {
    const lack = lackOf(this.question, this.read());
    if (!lack) return false;
    this.status.textContent = this.say(lack);
    this.status.dataset.result = "lack";
    this.inputs.forEach((input) => input.setAttribute("aria-invalid", "true"));
    return true;
  }

  clear() {
    this.status.replaceChildren();
    delete this.status.dataset.result;
    this.inputs.forEach((input) => input.removeAttribute("aria-invalid"));
    this.element.querySelectorAll("[data-mark]").forEach((mark) => mark.remove());
  }

  lock(isLocked) {
    this.order?.lock(isLocked);
    this.inputs.forEach((input) => {
      input.disabled = isLocked;
    });
  }

  show(isRight, answer) {
    this.clear();
    this.status.dataset.result = isRight ? "right" : "wrong";
    const verdict = document.createElement("p");
    verdict.className = "verdict";
    verdict.textContent = this.say(isRight ? "right" : "wrong");
    const said = [...this.element.querySelectorAll("template")].filter(({ dataset }) => {
      return dataset.when === "always" || dataset.when === (isRight ? "right" : "wrong") || answer.includes(dataset.option);
    });
    this.status.append(verdict, ...said.map((template) => template.content.cloneNode(true)));
  }

  // Nothing is left to try: the right options are marked in words.
  reveal() {
    for (const input of this.inputs) {
      if (input.matches("[type=radio], [type=checkbox]") && this.question.right.includes(input.value)) {
        this.#mark(input.closest(".option"), this.say("right-option"));
      }
    }
    const told = this.element.querySelector("template[data-solution]");
    if (told && this.status.dataset.result === "wrong") this.status.append(told.content.cloneNode(true));
  }

  focus() {
    (this.inputs[0] ?? this.element.querySelector("button:enabled"))?.focus();
  }

  #mark(option, text) {
    const mark = document.createElement("span");
    mark.dataset.mark = "";
    mark.textContent = text;
    option.append(mark);
  }
}

function letterOf(option) {
  return option.querySelector("input").value;
}
