"""Read, check and build SCORM and cmi5 packages; a library of its own."""
