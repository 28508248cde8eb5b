// Write spans and moments as the standards want them.

const two = (number) => String(number).padStart(2, "0");

// SCORM 1.2: HHHH:MM:SS.SS
export function span12(milliseconds) {
  const hundredths = Math.max(0, Math.round(milliseconds / 10));
  const [seconds, minutes, hours] = [Math.floor(hundredths / 100), Math.floor(hundredths / 6000), Math.floor(hundredths / 360000)];
  const clock = `${two(minutes % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`;
  return `${String(Math.min(hours, 9999)).padStart(4, "0")}:${clock}`;
}

// ISO 8601, to a hundredth of a second: SCORM 2004 allows no more.
export function spanIso(milliseconds) {
  return `PT${Math.max(0, Math.round(milliseconds / 10)) / 100}S`;
}

// SCORM 1.2: the time of day.
export function clock12(moment) {
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

export function momentIso(moment) {
  return moment.toISOString().replace(/\.(\d\d)\d*Z$/, ".$1Z");
}
