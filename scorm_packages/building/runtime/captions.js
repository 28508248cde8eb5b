// Show captions in pages that were opened from a folder: there a browser loads none from a file, so the scripts bring them.

const TIMES = /^\s*([\d:.]+)\s+-->\s+([\d:.]+)/;

export function bringCaptions(captions) {
  if (!captions || location.protocol !== "file:") return;
  document.querySelectorAll("track").forEach((track) => {
    const text = captions[decodeURIComponent(track.getAttribute("src"))];
    if (text === undefined) return;
    const brought = track.parentElement.addTextTrack(track.kind, track.label, track.srclang);
    cuesOf(text).forEach((cue) => brought.addCue(cue));
    brought.mode = track.default ? "showing" : "hidden";
    track.remove();
  });
}

function cuesOf(text) {
  const blocks = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n").split(/\n{2,}/);
  return blocks.flatMap((block) => {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0) return [];
    const [, start, end] = TIMES.exec(lines[at]);
    return [new VTTCue(seconds(start), seconds(end), lines.slice(at + 1).join("\n").trim())];
  });
}

function seconds(time) {
  return time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
