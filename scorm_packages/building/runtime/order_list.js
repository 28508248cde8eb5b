// Put a list in order with buttons: with the keyboard first, the focus kept, and every move said aloud.

export class OrderList {
  constructor(element, say, onMove) {
    this.list = element.querySelector("ol.order");
    this.status = element.querySelector("[data-moved]");
    this.say = say;
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-move]");
      if (!button) return;
      this.#move(button.closest("li"), button.dataset.move);
      onMove();
    });
    this.#refresh();
  }

  read() {
    return this.#items().map((item) => item.dataset.step);
  }

  write(letters) {
    letters.forEach((letter) => {
      const item = this.#items().find(({ dataset }) => dataset.step === letter);
      if (item) this.list.append(item);
    });
    this.#refresh();
  }

  lock(isLocked) {
    this.isLocked = isLocked;
    this.#refresh();
  }

  #items() {
    return [...this.list.children];
  }

  #move(item, direction) {
    if (direction === "up") item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    this.#refresh();
    const buttons = [item.querySelector(`[data-move="${direction}"]`), ...item.querySelectorAll("button")];
    buttons.find((button) => !button.disabled)?.focus();
    const place = this.#items().indexOf(item) + 1;
    const text = item.dataset.text;
    this.status.textContent = this.say("moved", { text, place, of: this.#items().length });
  }

  #refresh() {
    const items = this.#items();
    items.forEach((item, index) => {
      item.querySelector('[data-move="up"]').disabled = this.isLocked || index === 0;
      item.querySelector('[data-move="down"]').disabled = this.isLocked || index === items.length - 1;
    });
  }
}
