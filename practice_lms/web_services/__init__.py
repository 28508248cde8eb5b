"""Answer as Moodle's web services do by recordings of 4.5.6: users, cohorts, courses, completions, reports."""
