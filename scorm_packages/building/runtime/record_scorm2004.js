// Keep a learner's record in an LMS that speaks SCORM 2004.

import { cut, patterns2004, response2004, TYPES } from "./interactions.js";
import { findApi, Values } from "./scorm_api.js";
import { momentIso, spanIso } from "./times.js";

const MOST_INTERACTIONS = 250;

export async function openRecord() {
  const api = findApi("API_1484_11");
  if (!api || String(api.Initialize("")) !== "true") return null;
  return new Scorm2004(api);
}

class Scorm2004 {
  constructor(api) {
    this.api = api;
    this.values = new Values((name, value) => api.SetValue(name, value));
    this.begunAt = Date.now();
    this.limit = 64000;
    this.isReview = api.GetValue("cmi.mode") === "review";
    this.state = api.GetValue("cmi.suspend_data") || "";
    this.language = api.GetValue("cmi.learner_preference.language") || "";
    this.next = Number.parseInt(api.GetValue("cmi.interactions._count"), 10) || 0;
    this.wasCompleted = api.GetValue("cmi.completion_status") === "completed"; // never taken back, nor is "passed"
    this.wasPassed = api.GetValue("cmi.success_status") === "passed";
    if (!this.isReview) this.#begin();
  }

  #begin() {
    if (!["completed", "incomplete"].includes(this.api.GetValue("cmi.completion_status"))) {
      this.values.write("cmi.completion_status", "incomplete");
    }
    this.values.write("cmi.exit", "suspend");
    this.api.Commit("");
  }

  keep({ state, location, isComplete, success, score, progress }) {
    this.values.write("cmi.suspend_data", state);
    this.values.write("cmi.location", cut(location, 1000));
    this.values.write("cmi.progress_measure", progress);
    if (score) {
      this.values.write("cmi.score.min", 0);
      this.values.write("cmi.score.max", 100);
      this.values.write("cmi.score.raw", score.percent);
      this.values.write("cmi.score.scaled", score.scaled);
    }
    this.values.write("cmi.completion_status", isComplete || this.wasCompleted ? "completed" : "incomplete");
    this.values.write("cmi.success_status", this.wasPassed ? "passed" : success);
    this.api.Commit("");
  }

  record({ question, answer, isRight, weight, latency, at, language }) {
    if (this.next >= MOST_INTERACTIONS) return;
    const set = (name, value) => this.api.SetValue(`cmi.interactions.${this.next}.${name}`, String(value));
    set("id", question.id);
    set("type", TYPES[question.kind]);
    set("timestamp", momentIso(at));
    patterns2004(question, language).forEach((pattern, index) => set(`correct_responses.${index}.pattern`, pattern));
    set("weighting", weight);
    set("learner_response", response2004(question, answer));
    set("result", isRight ? "correct" : "incorrect");
    set("latency", spanIso(latency));
    set("description", `{lang=${language}}${cut(question.text[language].replace(/\s+/g, " "), 250)}`);
    this.next += 1;
  }

  close() {
    if (!this.isReview) this.values.write("cmi.session_time", spanIso(Date.now() - this.begunAt));
    this.api.Terminate("");
  }
}
