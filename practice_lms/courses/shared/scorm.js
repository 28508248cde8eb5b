// Speak SCORM 1.2 or 2004 to the LMS that holds this page; stay silent where there is none.
"use strict";

(function () {
  const MAX_PARENTS = 50;
  const STANDARDS = {
    API_1484_11: {
      call: { start: "Initialize", stop: "Terminate", get: "GetValue", set: "SetValue", commit: "Commit" },
      place: "cmi.location", mode: "cmi.mode", exit: "cmi.exit", time: "cmi.session_time", score: "cmi.score",
      left: "normal", wrong: "incorrect", answer: "learner_response", at: "timestamp", between: "[,]",
    },
    API: {
      call: { start: "LMSInitialize", stop: "LMSFinish", get: "LMSGetValue", set: "LMSSetValue", commit: "LMSCommit" },
      place: "cmi.core.lesson_location", mode: "cmi.core.lesson_mode", exit: "cmi.core.exit",
      time: "cmi.core.session_time", score: "cmi.core.score",
      left: "", wrong: "wrong", answer: "student_response", at: "time", between: ",",
    },
  };

  /** Look for an API from a window upwards; windows of other origins hold none for us. */
  function climb(start, name) {
    let here = start;
    for (let step = 0; here && step < MAX_PARENTS; step += 1) {
      try {
        if (here[name]) return here[name];
      } catch (error) {
        if (error.name !== "SecurityError") throw error;
      }
      if (here.parent === here) return null;
      here = here.parent;
    }
    return null;
  }

  function find(name) {
    return climb(window, name) || (window.opener ? climb(window.opener, name) : null);
  }

  const name = ["API_1484_11", "API"].find((one) => find(one));
  const api = name ? find(name) : null;
  const words = name ? STANDARDS[name] : null;
  const is2004 = name === "API_1484_11";
  const startedAt = Date.now();
  let open = false;

  function call(verb, ...args) {
    return String(api[words.call[verb]](...args));
  }

  function get(element) {
    return open ? call("get", element) : "";
  }

  function set(element, value) {
    return tracking.writable ? call("set", element, String(value)) === "true" : false;
  }

  const two = (number) => String(number).padStart(2, "0");

  /** Say how long this session has lasted, in the standard's own form. */
  function sessionTime() {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return is2004 ? `PT${h}H${m}M${s}S` : `${two(h).padStart(4, "0")}:${two(m)}:${two(s)}`;
  }

  function now() {
    const time = new Date();
    return is2004 ? `${time.toISOString().slice(0, 22)}Z` : time.toTimeString().slice(0, 8);
  }

  const tracking = {
    connected: false,
    writable: false,

    /** Open the conversation; return where the learner was and what was kept. */
    start() {
      open = Boolean(api) && call("start", "") === "true";
      tracking.connected = open;
      const mode = get(words ? words.mode : "");
      tracking.writable = open && mode !== "review" && mode !== "browse";
      const status = get(is2004 ? "cmi.completion_status" : "cmi.core.lesson_status");
      if (["", "unknown", "not attempted"].includes(status)) tracking.setStatus("incomplete");
      set(words ? words.exit : "", "suspend");
      return { place: get(words ? words.place : ""), kept: get("cmi.suspend_data") };
    },

    /** Set where the learner is and what to keep, and have it stored. */
    save(place, kept) {
      set(words ? words.place : "", place);
      set("cmi.suspend_data", kept);
      return tracking.commit();
    },

    /** Report the status: incomplete, passed or failed. */
    setStatus(status) {
      if (!is2004) return set("cmi.core.lesson_status", status);
      set("cmi.completion_status", status === "incomplete" ? "incomplete" : "completed");
      return set("cmi.success_status", status === "incomplete" ? "unknown" : status);
    },

    /** Report the result of the whole test, 0 to 100. */
    setScore(percent) {
      if (!words) return;
      set(`${words.score}.raw`, percent);
      set(`${words.score}.min`, 0);
      set(`${words.score}.max`, 100);
      if (is2004) set("cmi.score.scaled", percent / 100);
    },

    /** Add one answer to the journal of answers. */
    addAnswer({ id, text, chosen, right, good }) {
      const stem = `cmi.interactions.${Number(get("cmi.interactions._count")) || 0}`;
      set(`${stem}.id`, id);
      set(`${stem}.type`, "choice");
      if (!words) return;
      set(`${stem}.${words.at}`, now());
      set(`${stem}.correct_responses.0.pattern`, right.join(words.between));
      set(`${stem}.weighting`, 1);
      set(`${stem}.${words.answer}`, chosen.join(words.between));
      set(`${stem}.result`, good ? "correct" : words.wrong);
      if (is2004) set(`${stem}.description`, text.slice(0, 250));
    },

    /** Ask for all to be stored; true only where the LMS said so. */
    commit() {
      return tracking.writable ? call("commit", "") === "true" : false;
    },

    /** End the conversation: for good, or to go on another day. */
    stop(isFinished) {
      if (!open) return false;
      set(words.time, sessionTime());
      set(words.exit, isFinished ? words.left : "suspend");
      const isSaved = !tracking.writable || call("commit", "") === "true";
      const isStopped = call("stop", "") === "true";
      open = false;
      tracking.writable = false;
      return isSaved && isStopped;
    },
  };

  window.tracking = tracking;
}());
