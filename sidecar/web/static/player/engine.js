// Give a package the API of its standard: scorm-again's data model, our own rules and transport around it.

const STANDARDS = {
  "scorm-1.2": {
    name: "API",
    file: "./scorm12.min.js",
    engine: "Scorm12API",
    inner: ["lmsInitialize", "lmsFinish", "lmsGetValue", "lmsSetValue", "lmsCommit", "lmsGetLastError", "lmsGetErrorString", "lmsGetDiagnostic"],
    outer: ["LMSInitialize", "LMSFinish", "LMSGetValue", "LMSSetValue", "LMSCommit", "LMSGetLastError", "LMSGetErrorString", "LMSGetDiagnostic"],
    errors: { unknown: "401", commit: "101", finish: "101" },
    readOnly: /^cmi\.(core\.(student_id|student_name|credit|entry|total_time|lesson_mode)|launch_data|comments_from_lms|student_data\.(mastery_score|max_time_allowed|time_limit_action))$/,
  },
  "scorm-2004": {
    name: "API_1484_11",
    file: "./scorm2004.min.js",
    engine: "Scorm2004API",
    inner: ["lmsInitialize", "lmsFinish", "lmsGetValue", "lmsSetValue", "lmsCommit", "lmsGetLastError", "lmsGetErrorString", "lmsGetDiagnostic"],
    outer: ["Initialize", "Terminate", "GetValue", "SetValue", "Commit", "GetLastError", "GetErrorString", "GetDiagnostic"],
    errors: { unknown: "401", commit: "391", finish: "111" },
    readOnly: /^cmi\.(_version|learner_id|learner_name|credit|entry|mode|launch_data|max_time_allowed|time_limit_action|completion_threshold|scaled_passing_score|total_time|comments_from_lms\.\d+\.(comment|location|timestamp))$/,
  },
};
const KEYWORD = /\._(children|count|version)$/;
const REQUEST_VALID = /^adl\.nav\.request_valid\.(continue|previous|(?:choice|jump)\.\{target=(.+)\})$/;
const LOG_NOTHING = 5;

export function standardOf(version) {
  return version === "scorm-1.2" ? STANDARDS["scorm-1.2"] : STANDARDS["scorm-2004"];
}

// The elements that belong to one session and are not resumed.
export function sessionElements(version) {
  return version === "scorm-1.2" ? ["cmi.core.exit", "cmi.core.session_time"] : ["cmi.exit", "cmi.session_time"];
}

export async function loadEngine(version) {
  const standard = standardOf(version);
  return (await import(standard.file))[standard.engine];
}

// hooks: record(name, value), commit() -> boolean, finish(request) -> boolean, isValid(request, target) -> boolean
export class Api {
  #standard;
  #engine;
  #writable;
  #hooks;
  #error = null;
  #request = "_none_";
  state = "new"; // new, running, finished

  constructor(version, Engine, { elements, writable, hooks }) {
    this.#standard = standardOf(version);
    this.#writable = new Set(writable);
    this.#hooks = hooks;
    this.#engine = new Engine({ autocommit: false, lmsCommitUrl: false, logLevel: LOG_NOTHING, mastery_override: true });
    this.#engine.loadFromFlattenedJSON(elements);
  }

  // Return the object that a package finds under the standard's name.
  face() {
    const methods = ["initialize", "finish", "get", "set", "commit", "lastError", "errorString", "diagnostic"];
    return Object.fromEntries(this.#standard.outer.map((name, index) => [name, (...given) => this[methods[index]](...given)]));
  }

  initialize(argument = "") {
    const answer = this.#call(0, argument);
    if (answer === "true") this.state = "running";
    return answer;
  }

  finish(argument = "") {
    const answer = this.#call(1, argument);
    if (answer !== "true") return answer;
    this.state = "finished";
    return this.#hooks.finish(this.#request) ? "true" : this.#fail(this.#standard.errors.finish);
  }

  get(name) {
    const asked = REQUEST_VALID.exec(String(name));
    if (asked && this.state === "running" && this.#standard.name !== "API") {
      this.#error = null;
      return String(this.#hooks.isValid(asked[1].split(".")[0], asked[2]));
    }
    return this.#call(2, String(name));
  }

  set(name, value) {
    name = String(name);
    value = String(value);
    const isRequest = name === "adl.nav.request" && this.#standard.name !== "API";
    const isWritable = this.#writable.has(name.replace(/\.(0|[1-9]\d*)(?=\.)/g, ".n")) && !name.includes(".n.");
    if (this.state === "running" && !isWritable && !isRequest && !this.#standard.readOnly.test(name) && !KEYWORD.test(name)) {
      return this.#fail(this.#standard.errors.unknown);
    }
    const answer = this.#call(3, name, value);
    if (answer === "true" && isRequest) this.#request = value;
    else if (answer === "true" && isWritable) this.#hooks.record(name, value);
    return answer;
  }

  commit(argument = "") {
    const answer = this.#call(4, argument);
    if (answer !== "true") return answer;
    return this.#hooks.commit() ? "true" : this.#fail(this.#standard.errors.commit);
  }

  lastError() {
    return this.#error ?? String(this.#engine[this.#standard.inner[5]]());
  }

  errorString(code) {
    return this.#engine[this.#standard.inner[6]](String(code));
  }

  diagnostic(code) {
    return this.#engine[this.#standard.inner[7]](String(code || this.lastError()));
  }

  #call(index, ...given) {
    this.#error = null;
    return String(this.#engine[this.#standard.inner[index]](...given));
  }

  #fail(code) {
    this.#error = code;
    return "false";
  }
}
