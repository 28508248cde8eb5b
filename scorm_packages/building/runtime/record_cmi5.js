// Keep a learner's record in an LMS that speaks cmi5.
// Source: cmi5 (Quartz) §8 (launch), §9 (statements), §10 (LMS.LaunchData, state), §11 (learner preferences).

import { patterns2004, response2004, TYPES } from "./interactions.js";
import { spanIso } from "./times.js";

const VERBS = {
  initialized: "http://adlnet.gov/expapi/verbs/initialized",
  answered: "http://adlnet.gov/expapi/verbs/answered",
  completed: "http://adlnet.gov/expapi/verbs/completed",
  passed: "http://adlnet.gov/expapi/verbs/passed",
  failed: "http://adlnet.gov/expapi/verbs/failed",
  terminated: "http://adlnet.gov/expapi/verbs/terminated",
};
const CMI5_CATEGORY = { id: "https://w3id.org/xapi/cmi5/context/categories/cmi5" };
const MOVE_ON_CATEGORY = { id: "https://w3id.org/xapi/cmi5/context/categories/moveon" };
const MASTERY_SCORE = "https://w3id.org/xapi/cmi5/context/extensions/masteryscore";
const INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction";
const BOOKMARK = "bookmark";

export async function openRecord() {
  const launch = new URLSearchParams(location.search);
  if (!launch.has("fetch") || !launch.has("endpoint")) return null;
  try {
    const record = new Cmi5(launch);
    await record.begin();
    return record;
  } catch {
    return null;
  }
}

class Cmi5 {
  constructor(launch) {
    this.endpoint = launch.get("endpoint").replace(/\/?$/, "/");
    this.fetchUrl = launch.get("fetch");
    this.actor = JSON.parse(launch.get("actor"));
    this.registration = launch.get("registration");
    this.activityId = launch.get("activityId");
    this.limit = 1_000_000;
    this.begunAt = Date.now();
    this.sending = Promise.resolve();
    this.waiting = []; // statements that no answer has come for, in the order they were made
    this.said = {}; // "completed" and "passed" are said once a registration, "failed" once a session
    this.failedScore = null;
  }

  async begin() {
    const answer = await fetch(this.fetchUrl, { method: "POST" });
    const token = (await answer.json())["auth-token"];
    if (!token) throw new Error("the LMS gave no token");
    this.headers = { Authorization: `Basic ${token}`, "X-Experience-API-Version": "1.0.3" };
    this.launchData = await this.#read(this.#stateUrl("LMS.LaunchData"));
    if (!this.launchData) throw new Error("the LMS gave no launch data");
    const preferences = await this.#read(this.#preferencesUrl());
    this.language = preferences?.languagePreference?.split(",")[0] ?? "";
    const kept = await this.#read(this.#stateUrl(BOOKMARK));
    this.state = kept?.state ?? "";
    this.said = kept?.said ?? {};
    this.isReview = this.launchData.launchMode === "Review";
    this.isNormal = this.launchData.launchMode === "Normal";
    this.returnUrl = this.launchData.returnURL ?? "";
    this.waiting.push(this.#defined("initialized"));
    this.#send();
  }

  keep({ state, isComplete, success, score }) {
    if (this.isNormal) this.#sayWhere({ isComplete, success, score });
    this.#send();
    if (!this.isReview) this.#later(() => this.#keepState(state));
    this.latestState = state;
  }

  #sayWhere({ isComplete, success, score }) {
    if (isComplete && !this.said.completed) {
      this.said.completed = true;
      this.waiting.push(this.#defined("completed", { completion: true, duration: this.#duration() }, [MOVE_ON_CATEGORY]));
    }
    if (success === "passed" && !this.said.passed) {
      this.said.passed = true;
      this.waiting.push(this.#judged("passed", score));
    }
    this.failedScore = success === "failed" && !this.said.passed ? score : null;
  }

  record({ question, answer, isRight, latency, at, language, weight }) {
    if (!this.isNormal) return;
    const statement = this.#statement("answered");
    statement.timestamp = at.toISOString();
    statement.object = {
      objectType: "Activity",
      id: `${this.activityId}#${question.id}`,
      definition: {
        type: INTERACTION,
        description: { [language]: question.text[language] },
        interactionType: TYPES[question.kind],
        correctResponsesPattern: patterns2004(question, language),
      },
    };
    statement.result = { response: response2004(question, answer), success: isRight, duration: spanIso(latency) };
    if (weight) statement.result.score = { raw: isRight ? weight : 0, min: 0, max: weight };
    this.waiting.push(statement);
  }

  // The page is going away: one request that outlives it, with all that may not have arrived; an LMS knows by its id
  // what it has already. A failure counts only now, as a retry may have mended it.
  close() {
    if (this.isNormal && this.failedScore) this.waiting.push(this.#judged("failed", this.failedScore));
    this.waiting.push(this.#defined("terminated", { duration: this.#duration() }));
    if (this.latestState !== undefined && !this.isReview) this.#keepState(this.latestState, true);
    this.closing = this.#post(this.waiting, true);
  }

  async leave() {
    await this.sending;
    this.close();
    await this.closing.catch(() => {});
    if (this.returnUrl) location.assign(this.returnUrl);
  }

  #judged(verb, score) {
    const result = { success: verb === "passed", score: { scaled: score.scaled, raw: score.percent, min: 0, max: 100 } };
    const statement = this.#defined(verb, { ...result, duration: this.#duration() }, [MOVE_ON_CATEGORY]);
    const mastery = this.launchData.masteryScore;
    if (mastery !== undefined) {
      statement.context.extensions = { ...statement.context.extensions, [MASTERY_SCORE]: mastery };
    }
    return statement;
  }

  #defined(verb, result, categories = []) {
    const statement = this.#statement(verb);
    const activities = statement.context.contextActivities ?? {};
    const category = [...(activities.category ?? []), CMI5_CATEGORY, ...categories];
    statement.context.contextActivities = { ...activities, category };
    if (result) statement.result = result;
    return statement;
  }

  #statement(verb) {
    return {
      id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      actor: this.actor,
      verb: { id: VERBS[verb], display: { en: verb } },
      object: { objectType: "Activity", id: this.activityId },
      context: { ...structuredClone(this.launchData.contextTemplate ?? {}), registration: this.registration },
    };
  }

  #duration() {
    return spanIso(Date.now() - this.begunAt);
  }

  // What did not arrive is sent again with the next.
  #send() {
    this.#later(async () => {
      const sent = this.closing ? [] : [...this.waiting];
      const answer = sent.length ? await this.#post(sent, false) : null;
      if (answer?.ok) this.waiting = this.waiting.filter((statement) => !sent.includes(statement));
    });
  }

  // One after another: an LMS refuses what comes before "initialized". What fails does not stop the next.
  #later(act) {
    this.sending = this.sending.then(act).catch(() => {});
  }

  #post(statements, keepalive) {
    const headers = { ...this.headers, "Content-Type": "application/json" };
    return fetch(`${this.endpoint}statements`, { method: "POST", headers, body: JSON.stringify(statements), keepalive });
  }

  #keepState(state, keepalive = false) {
    const headers = { ...this.headers, "Content-Type": "application/json" };
    const body = JSON.stringify({ state, said: this.said });
    return fetch(this.#stateUrl(BOOKMARK), { method: "PUT", headers, body, keepalive });
  }

  async #read(url) {
    const answer = await fetch(url, { headers: this.headers });
    return answer.ok ? answer.json() : null;
  }

  #stateUrl(stateId) {
    const { activityId, registration } = this;
    const query = new URLSearchParams({ stateId, activityId, agent: JSON.stringify(this.actor), registration });
    return `${this.endpoint}activities/state?${query}`;
  }

  #preferencesUrl() {
    const query = new URLSearchParams({ profileId: "cmi5LearnerPreferences", agent: JSON.stringify(this.actor) });
    return `${this.endpoint}agents/profile?${query}`;
  }
}
