"""Keep database and files in one file, and bring them back elsewhere."""

from __future__ import annotations

from sidecar.backup.archive import BackupNotWrittenError, DamagedBackupError
from sidecar.backup.restoring import NewerBackupError, NotEmptyError, Restored, restore_backup
from sidecar.backup.taking import Taken, take_backup

__all__ = [
    "BackupNotWrittenError",
    "DamagedBackupError",
    "NewerBackupError",
    "NotEmptyError",
    "Restored",
    "Taken",
    "restore_backup",
    "take_backup",
]
