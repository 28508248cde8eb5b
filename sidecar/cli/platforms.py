"""Gather the commands about LMSs under `sidecar platform`."""

from __future__ import annotations

from sidecar.cli import invitations, platform_life, platform_services
from sidecar.cli.failures import failures
from sidecar.cli.platform import platform

for _command in (failures, *invitations.COMMANDS, *platform_life.COMMANDS, *platform_services.COMMANDS):
    platform.add_command(_command)
