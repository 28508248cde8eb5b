// An LMS that holds what it is told as strictly as the standard lets it, and writes down every call.
{
  const options = JSON.parse(globalThis.name || "{}");
  const is12 = options.standard === "scorm-1.2";
  const values = options.values ?? {};
  globalThis.calls = [];
  globalThis.held = values;
  const note = (name, answer) => (...given) => {
    globalThis.calls.push([name, ...given]);
    return answer(...given);
  };
  const set = (name, value) => {
    if (is12 && name === "cmi.suspend_data" && value.length > 4096) return "false";
    values[name] = value;
    return "true";
  };
  const get = (name) => values[name] ?? (name.endsWith("_count") ? "0" : "");
  const prefix = is12 ? "LMS" : "";
  globalThis[is12 ? "API" : "API_1484_11"] = {
    [`${prefix}Initialize`]: note("Initialize", () => (options.isDeaf ? "false" : "true")),
    [is12 ? "LMSFinish" : "Terminate"]: note("Terminate", () => "true"),
    [`${prefix}GetValue`]: note("Get", get),
    [`${prefix}SetValue`]: note("Set", set),
    [`${prefix}Commit`]: note("Commit", () => "true"),
    [`${prefix}GetLastError`]: () => "0",
  };
}
