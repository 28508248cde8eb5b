// Move the secret from the fragment, which no server sees, into the form that the button sends.
const secret = location.hash.slice(1);
history.replaceState(null, "", location.pathname);
if (secret) {
  document.getElementById("secret").value = secret;
  document.getElementById("with-link").hidden = false;
  document.getElementById("without-link").hidden = true;
}
