"""Run the command line as `python -m sidecar.cli` (the supervisor starts its services so)."""

from sidecar.cli import main

if __name__ == "__main__":
    main(prog_name="sidecar")
