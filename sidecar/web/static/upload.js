// Show how far an upload has come; without this script the form works as any other.
for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

function send(form) {
  const box = form.querySelector("[data-upload-progress]");
  const bar = box.querySelector("progress");
  const status = box.querySelector("[data-upload-status]");
  const button = form.querySelector("button");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
  });
  request.upload.addEventListener("load", () => { status.textContent = status.dataset.checking; });
  request.addEventListener("error", () => {
    button.disabled = false;
    status.textContent = status.dataset.failed;
  });
  request.addEventListener("load", () => show(request, form));
  request.open("POST", form.action);
  request.send(new FormData(form));
  status.textContent = "";
  box.hidden = false;
  button.disabled = true;
}

function show(request, form) {
  if (request.status === 200 && request.responseURL !== form.action) {
    location.assign(request.responseURL);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  document.title = page.title;
  const main = document.getElementById("main");
  main.replaceChildren(...page.getElementById("main").childNodes);
  main.focus();
}
