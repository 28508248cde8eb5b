// Let a file be dropped, and show how far its upload has come; without this script the form works as any other.
prepare(document);

function prepare(root) {
  for (const form of root.querySelectorAll("form[data-upload]")) {
    takeDrops(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (isUsable(form)) send(form);
    });
  }
}

function takeDrops(form) {
  const place = form.querySelector("[data-upload-drop]");
  const input = form.querySelector("input[type=file]");
  const mark = (isOver) => place.toggleAttribute("data-over", isOver);
  form.querySelector("[data-upload-hint]").hidden = false;
  input.addEventListener("change", () => isUsable(form));
  place.addEventListener("dragleave", (event) => mark(place.contains(event.relatedTarget)));
  place.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const { files } = event.dataTransfer;
    if (files.length > 1) return complain(form, "several");
    if (files.length === 0) return; // a text or a picture of a page, no file
    input.files = files;
    isUsable(form);
    input.focus();
  });
}

function isUsable(form) {
  const file = form.querySelector("input[type=file]").files[0];
  const isZip = !file || /\.zip$/i.test(file.name);
  const isSmall = !file || file.size <= Number(form.dataset.mostBytes);
  complain(form, isZip ? (isSmall ? "" : "tooLarge") : "noZip");
  return isZip && isSmall;
}

function complain(form, reason) {
  const problem = form.querySelector("[data-upload-problem]");
  problem.textContent = reason ? problem.dataset[reason] : "";
  problem.hidden = !reason;
  form.querySelector("input[type=file]").setAttribute("aria-invalid", String(Boolean(reason)));
}

function send(form) {
  const box = form.querySelector("[data-upload-progress]");
  const bar = box.querySelector("progress");
  const percent = box.querySelector("[data-upload-percent]");
  const status = box.querySelector("[data-upload-status]");
  const cancel = box.querySelector("[data-upload-cancel]");
  const button = form.querySelector("button:not([type])");
  const request = new XMLHttpRequest();
  const stop = (words) => {
    button.disabled = false;
    cancel.hidden = true;
    status.textContent = words;
  };
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    percent.textContent = `${Math.floor(bar.value)} %`;
  });
  request.upload.addEventListener("load", () => {
    status.textContent = status.dataset.checking;
    cancel.hidden = true;
  });
  request.addEventListener("error", () => stop(status.dataset.failed));
  request.addEventListener("abort", () => {
    stop(status.dataset.cancelled);
    button.focus();
  });
  request.addEventListener("load", () => show(request, form));
  cancel.onclick = () => request.abort();
  request.open("POST", form.action);
  request.send(new FormData(form));
  status.textContent = percent.textContent = "";
  box.hidden = cancel.hidden = false;
  button.disabled = true;
}

function show(request, form) {
  if (request.status === 200 && request.responseURL !== form.action) {
    const version = new URL(request.responseURL).searchParams.get("version"); // the fragment is not told
    location.assign(`${request.responseURL}${version ? `#version-${version}` : ""}`);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  document.title = page.title;
  const main = document.getElementById("main");
  main.replaceChildren(...page.getElementById("main").childNodes);
  prepare(main); // the form stands there again where a field must be mended
  main.focus();
}
