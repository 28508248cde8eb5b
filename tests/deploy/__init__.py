"""Hold the image and the compose file against the settings, the command line and a run without containers."""
