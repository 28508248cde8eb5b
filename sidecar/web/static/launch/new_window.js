// Once the window was asked for, tell what comes next; who comes back from it finds that first.
const opened = document.getElementById("opened");
document.getElementById("window").addEventListener("click", () => {
  opened.hidden = false;
  addEventListener("focus", () => opened.focus());
});
