"""Look for what keeps people out of a course: in its pages, in a browser, and against each criterion of WCAG."""
