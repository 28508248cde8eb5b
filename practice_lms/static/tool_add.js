// Close the tool's registration page when it says that it is done (Moodle 4.5 mod/lti/amd/src/tool_configure_controller.js).
const frame = document.querySelector("iframe[data-tools]");
window.addEventListener("message", (event) => {
  if (event.source === frame.contentWindow && event.data?.subject === "org.imsglobal.lti.close") {
    location.assign(frame.dataset.tools);
  }
});
