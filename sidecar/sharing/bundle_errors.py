"""Say why a bundle of a learning path is refused; of what is refused nothing stays."""

from __future__ import annotations

from sidecar.errors import SidecarError


class BundleUnreadableError(SidecarError):
    """This is no bundle of a learning path, or its beginning is damaged, or it was packed anew. Ask for it again."""

    code = "bundle-unreadable"


class BundleCutOffError(SidecarError):
    """The bundle ends after {size_bytes} bytes, in the middle of {where}: the rest is missing. Fetch it again."""

    code = "bundle-cut-off"


class BundleDamagedError(SidecarError):
    """The bundle is damaged: {where} is not what was signed. Fetch it again."""

    code = "bundle-damaged"


class BundleUnsignedError(SidecarError):
    """The bundle is not signed, so nobody knows who made it. Ask the region that shares it for a signed one."""

    code = "bundle-unsigned"


class BundleFormatError(SidecarError):
    """The bundle is of format {format}, and only format {known} is known here. Update the sidecar."""

    code = "bundle-format"


class BundleContentError(SidecarError):
    """The bundle can't be used as it is: {field} – {reason}."""

    code = "bundle-content"


class BundleTooLargeError(SidecarError):
    """The bundle is too large: {what} has {size_bytes} bytes, {most_bytes} is the most."""

    code = "bundle-too-large"


class PathInItselfError(SidecarError):
    """The learning path in the bundle has a learning path among its steps ("{course}"), which none can have."""

    code = "bundle-path-in-path"


class BundleNotWrittenError(SidecarError):
    """The file “{file}” can't be written: {reason}. Name one where you may write."""

    code = "bundle-not-written"


class BundledPackageError(SidecarError):
    """The package of the course "{course}" in the bundle can't be used: {reason}"""

    code = "bundle-package"


class OriginNotTheirsError(SidecarError):
    """The bundle is signed by {signer}, which may not speak for {origin}."""

    code = "bundle-origin"


class KeyNotTrustedError(SidecarError):
    """{signer} signed this by a key that is not trusted here, with the fingerprint {fingerprint}. Ask that region, by telephone, for the fingerprint of its key: where it is the same, name it with --fingerprint."""  # noqa: E501

    code = "bundle-key-not-trusted"


class KeyRevokedError(SidecarError):
    """{signer} has revoked the key that signed this, with the fingerprint {fingerprint}, from {revoked_at} on. Ask for a bundle that is signed by its present key."""  # noqa: E501

    code = "bundle-key-revoked"


class RolledBackError(SidecarError):
    """The bundle holds version {version} of the learning path, and version {newest} was received before."""

    code = "bundle-rolled-back"


class VersionChangedError(SidecarError):
    """Version {version} of the learning path was received before with other contents, and a version never changes. Ask {signer} what happened."""  # noqa: E501

    code = "bundle-version-changed"


class OwnPathError(SidecarError):
    """This learning path is your region's own, so there is nothing to receive."""

    code = "bundle-own-path"


class PathHasNoRegionError(SidecarError):
    """The learning path "{key}" belongs to no region, so that nobody can sign for it. Make it in a region."""

    code = "path-no-region"


class StepNotPublishedError(SidecarError):
    """The course "{course}" has no published version, so the learning path can't be shared yet. Publish the course first."""  # noqa: E501

    code = "path-step-not-published"


class RegionMovedError(SidecarError):
    """This version was shared from {then}, and the region's address is {now} today. Publish a new version of the learning path to share it from there."""  # noqa: E501

    code = "region-moved"


class StoredPartDamagedError(SidecarError):
    """The stored file {digest} is not what it was when it was stored. Restore it from a backup."""

    code = "stored-part-damaged"
