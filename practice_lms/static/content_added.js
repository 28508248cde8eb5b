// Close the dialog: the course page takes the place of the page around it.
window.top.location.assign(document.getElementById("course").href);
