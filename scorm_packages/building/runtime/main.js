// Begin when the page is there; save when it goes out of sight, and end when it goes away.

import { bringCaptions } from "./captions.js";
import { Course } from "./course.js";
import { openRecord } from "./record.js";

async function main() {
  const data = globalThis.courseData;
  const course = new Course(data, await openRecord(data));
  course.start();
  bringCaptions(data.captions);
  addEventListener("pagehide", () => course.close());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload()); // its record was closed
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => part.setAttribute("open", "")));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !course.isClosed) course.keep();
  });
}

main();
