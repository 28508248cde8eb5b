"""Kill, fill, restart and turn back the clock: nothing is lost, and nothing happens twice."""
