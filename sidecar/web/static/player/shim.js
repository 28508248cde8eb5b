// Stand between the player (our application's origin, above) and a package (this origin, below).
//
// The player gives the attempt and its token by postMessage; the package finds the API here, in its parent window.

import { Api, loadEngine, sessionElements, standardOf } from "./engine.js";
import { Transport } from "./transport.js";

const application = document.querySelector("meta[name=application-origin]").content;
const player = window.parent;

let course = null; // what the player said: version, base, writable, isReview, scos by id
let Engine = null;
let transport = null;
let open = null; // {id, api, frame}

const tell = (message) => player.postMessage(message, application);

addEventListener("message", async (event) => {
  if (event.source !== player || event.origin !== application) return;
  const { type } = event.data;
  if (type === "start") await start(event.data);
  else if (type === "open") show(event.data.sco);
  else if (type === "close") close(event.data.suspend);
  else if (type === "token") transport?.renew(event.data.token);
});
addEventListener("pagehide", () => transport?.leave());
addEventListener("online", () => transport?.retry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") transport?.saveSoon();
});
tell({ type: "ready" });

async function start(said) {
  course = said.course;
  course.scos = new Map(course.scos.map((sco) => [sco.id, sco]));
  transport = new Transport({ ...said.transport, tell: (event) => tell({ type: "transport", ...event }) });
  Engine = await loadEngine(course.version);
  show(said.sco);
}

function show(id) {
  leave();
  const sco = course.scos.get(id);
  const frame = document.createElement("iframe");
  frame.title = sco.title;
  frame.allow = "autoplay; fullscreen; encrypted-media; picture-in-picture";
  open = { id, frame, api: sco.isAsset ? null : offer(sco) };
  frame.src = /^https?:/.test(sco.url) ? sco.url : course.base + sco.url;
  document.body.append(frame);
  transport.prepare();
  if (sco.isAsset && !course.isReview) transport.finish(id);
}

function offer(sco) {
  const hooks = {
    record: (name, value) => {
      sco.elements[name] = value;
      if (!course.isReview) transport.record(sco.id, name, value);
    },
    commit: () => course.isReview || transport.saveNow(),
    finish: (request) => {
      const isSaved = end(sco);
      tell({ type: "finished", sco: sco.id, request, isSaved });
      return isSaved;
    },
    isValid: (request, target) => (request === "choice" || request === "jump" ? (sco.valid.choice ?? []).includes(target) : Boolean(sco.valid[request])),
  };
  const elements = { ...sco.elements, ...sco.given };
  const api = new Api(course.version, Engine, { elements, writable: course.writable, hooks });
  window[standardOf(course.version).name] = api.face();
  return api;
}

function end(sco) {
  const [exit, time] = sessionElements(course.version);
  sco.given[sco.entryElement] = sco.elements[exit] === "suspend" ? "resume" : "";
  delete sco.elements[exit];
  delete sco.elements[time];
  if (course.isReview) return true;
  transport.finish(sco.id);
  return transport.saveNow();
}

// Take the open part away; one that did not say good-bye itself was interrupted, and is resumed next time.
function leave() {
  if (!open) return;
  const { id, api, frame } = open;
  const sco = course.scos.get(id);
  transport.isFrameLeaving = true;
  frame.remove(); // its unload handlers run now, with the API still there
  transport.isFrameLeaving = false;
  if (api?.state === "running") {
    suspend(sco);
    end(sco);
  }
  delete window[standardOf(course.version).name];
  open = null;
}

function suspend(sco) {
  const [exit] = sessionElements(course.version);
  sco.elements[exit] = "suspend";
  if (!course.isReview) transport.record(sco.id, exit, "suspend");
}

async function close(isSuspended) {
  tell({ type: "closing" }); // a course that hangs would hold up all that follows
  if (isSuspended && open?.api?.state === "running") suspend(course.scos.get(open.id));
  leave();
  await transport.settled();
  tell({ type: "closed", isSaved: transport.isSaved });
}
