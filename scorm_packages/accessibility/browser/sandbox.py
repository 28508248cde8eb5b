"""Start Chromium in its sandbox: each page in a process that has no files, no network and few system calls.

Chromium makes it of user namespaces, which the system must allow, and refuses to as root.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserType, Error

from scorm_packages.accessibility.browser.limits import NOT_STARTED

NOBODY: Final = 65534
HOME: Final = "home"
AS_NOBODY: Final = """#!/bin/sh
for word; do
  case $word in --user-data-dir=*) chown {nobody}:{nobody} "${{word#*=}}" || exit 1 ;; esac
done
export HOME="{home}" TMPDIR="{home}" XDG_CONFIG_HOME="{home}" XDG_CACHE_HOME="{home}" XDG_RUNTIME_DIR="{home}"
exec setpriv --reuid={nobody} --regid={nobody} --clear-groups --no-new-privs "{chromium}" "$@"
"""
"""Lets root start Chromium as nobody, who may have a sandbox; the profile was made by root."""


def start_chromium(kind: BrowserType, chromium: str, arguments: Sequence[str], *, needs_sandbox: bool) -> Browser:
    """Start Chromium, or end the process with `NOT_STARTED` where it doesn't.

    Args:
        needs_sandbox: not without it; else root, who may start it no other way on some systems, does without.
    """
    is_root = os.geteuid() == 0
    with suppress(Error):
        path = _for_nobody(chromium) if is_root else chromium
        return kind.launch(executable_path=path, args=list(arguments), chromium_sandbox=True)
    if is_root and not needs_sandbox:
        with suppress(Error):
            return kind.launch(executable_path=chromium, args=list(arguments), chromium_sandbox=False)
    sys.exit(NOT_STARTED)


def _for_nobody(chromium: str) -> Path:
    """Write the script that starts Chromium as nobody."""
    folder = Path(tempfile.gettempdir())  # the look's own
    folder.chmod(0o711)
    home, script = folder / HOME, folder / "as-nobody"
    home.mkdir(mode=0o700, exist_ok=True)
    os.chown(home, NOBODY, NOBODY)
    script.write_text(AS_NOBODY.format(nobody=NOBODY, home=home, chromium=chromium))
    script.chmod(0o755)
    return script
