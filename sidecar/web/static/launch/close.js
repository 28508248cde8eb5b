// Tell the LMS to close this page, after a click: only windows of its own addresses hear it.
// Source: LTI Dynamic Registration 1.0 §3.8.
const button = document.getElementById("close");
const lms = window.opener ?? (window.parent === window ? null : window.parent);
if (button && lms) {
  button.hidden = false;
  button.addEventListener("click", () => {
    for (const origin of button.dataset.origins.split(" ")) {
      lms.postMessage({ subject: "org.imsglobal.lti.close" }, origin);
    }
  });
}
