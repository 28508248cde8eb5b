// Give every reflection its text box; what is written is kept with the bookmark and goes nowhere else.

export class Reflections {
  constructor(edition, course) {
    this.course = course;
    this.boxes = [...edition.root.querySelectorAll("[data-reflection]")].map((place) => this.#fit(place, edition));
  }

  restore() {
    for (const [name, box] of this.boxes) box.value = this.course.progress.reflections[name] ?? "";
  }

  #fit(place, edition) {
    const name = place.dataset.reflection;
    const prompt = place.querySelector("p");
    const id = `${edition.language}-${name}`;
    const [box, hint] = edition.clone("reflection").children;
    prompt.id = `${id}-prompt`;
    hint.id = `${id}-hint`;
    box.setAttribute("aria-labelledby", prompt.id);
    box.setAttribute("aria-describedby", hint.id);
    box.readOnly = this.course.isReview;
    place.append(box, hint);
    box.addEventListener("input", () => {
      this.course.progress.reflections[name] = box.value;
    });
    box.addEventListener("change", () => this.course.keep());
    return [name, box];
  }
}
