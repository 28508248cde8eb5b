"""Look at a package in a browser: in a process of its own, with little time and memory, and no network at all."""
