"""Build packages from course sources: SCORM 1.2, SCORM 2004 4th edition, cmi5, and pages for the web."""
