// Offer to copy an address that the page shows; without this script it can be marked and copied by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  const status = document.getElementById(`${button.dataset.copy}-copied`);
  button.hidden = false;
  button.addEventListener("click", () => copy(text, status, button.dataset));
}

async function copy(text, status, words) {
  try {
    await navigator.clipboard.writeText(text.textContent);
    status.textContent = words.done;
  } catch {
    getSelection().selectAllChildren(text);
    status.textContent = words.marked;
  }
}
