// Keep a learner's record in an LMS that speaks SCORM 1.2.

import { cut, patterns12, response12, TYPES } from "./interactions.js";
import { findApi, Values } from "./scorm_api.js";
import { clock12, span12 } from "./times.js";

const MOST_INTERACTIONS = 250;
const RANKS = ["incomplete", "failed", "completed", "passed"]; // what was reached once is never taken back

export async function openRecord() {
  const api = findApi("API");
  if (!api || String(api.LMSInitialize("")) !== "true") return null;
  return new Scorm12(api);
}

class Scorm12 {
  constructor(api) {
    this.api = api;
    this.values = new Values((name, value) => api.LMSSetValue(name, value));
    this.begunAt = Date.now();
    this.limit = 4096; // CMIString4096
    this.isReview = api.LMSGetValue("cmi.core.lesson_mode") === "review";
    this.state = api.LMSGetValue("cmi.suspend_data") || "";
    this.language = api.LMSGetValue("cmi.student_preference.language") || "";
    this.next = Number.parseInt(api.LMSGetValue("cmi.interactions._count"), 10) || 0;
    this.rank = RANKS.indexOf(api.LMSGetValue("cmi.core.lesson_status"));
    if (!this.isReview) this.#begin();
  }

  #begin() {
    if (["not attempted", "unknown", ""].includes(this.api.LMSGetValue("cmi.core.lesson_status"))) {
      this.values.write("cmi.core.lesson_status", "incomplete");
    }
    this.values.write("cmi.core.exit", "suspend");
    this.api.LMSCommit("");
  }

  keep({ state, location, isComplete, success, score }) {
    this.values.write("cmi.suspend_data", state);
    this.values.write("cmi.core.lesson_location", cut(location, 255));
    if (score) {
      this.values.write("cmi.core.score.min", 0);
      this.values.write("cmi.core.score.max", 100);
      this.values.write("cmi.core.score.raw", score.percent);
    }
    const status = success === "unknown" ? (isComplete ? "completed" : "incomplete") : success;
    if (RANKS.indexOf(status) >= this.rank) this.values.write("cmi.core.lesson_status", status);
    this.api.LMSCommit("");
  }

  // What the LMS can't hold it refuses; the course goes on.
  record({ question, answer, isRight, weight, latency, at, language }) {
    if (this.next >= MOST_INTERACTIONS) return;
    const set = (name, value) => this.api.LMSSetValue(`cmi.interactions.${this.next}.${name}`, String(value));
    set("id", question.id);
    set("type", TYPES[question.kind]);
    set("time", clock12(at));
    patterns12(question, language).forEach((pattern, index) => set(`correct_responses.${index}.pattern`, pattern));
    set("weighting", weight);
    set("student_response", response12(question, answer));
    set("result", isRight ? "correct" : "wrong");
    set("latency", span12(latency));
    this.next += 1;
  }

  close() {
    if (!this.isReview) this.values.write("cmi.core.session_time", span12(Date.now() - this.begunAt));
    this.api.LMSFinish("");
  }
}
