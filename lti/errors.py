# ruff: noqa: N818  (the names say what happened; the family, not a suffix, says that they are errors)
"""Name every way in which LTI goes wrong: a stable code, facts without personal data, a text on what to do.

The docstring of each class is the English text a person sees; the border translates it by `code`.
"""

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(eq=False)
class LtiError(Exception):
    """The LMS and this service did not understand each other. Try again from your course."""

    code: ClassVar[str] = "lti-error"

    @property
    def facts(self) -> dict[str, str]:
        """Return the attributes as text, for logs, JSON and translated messages."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{name}={value}" for name, value in self.facts.items())])


# --- login ---


@dataclass(eq=False)
class LoginError(LtiError):
    """The launch could not be started. Go back to your course and open the activity again."""

    code = "login-failed"


@dataclass(eq=False)
class LoginParameterMissing(LoginError):
    """The LMS left out something we need to start.

    Open the activity from your course, not from a bookmark.
    """

    parameter: str
    code = "login-parameter-missing"


@dataclass(eq=False)
class LoginParameterInvalid(LoginError):
    """The LMS sent something we cannot read.

    Tell the administrator of the LMS which parameter it was.
    """

    parameter: str
    code = "login-parameter-invalid"


@dataclass(eq=False)
class UnknownPlatform(LoginError):
    """The LMS is not registered here.

    Its administrator must register it before courses can be opened.
    """

    issuer: str
    client_id: str
    code = "unknown-platform"


@dataclass(eq=False)
class ForeignTarget(LoginError):
    """The activity points to another service than this one.

    Its tool URL must be the launch address we gave.
    """

    code = "foreign-target"


# --- launch ---


@dataclass(eq=False)
class LaunchError(LtiError):
    """The launch was not accepted. Go back to your course and open the activity again."""

    code = "launch-failed"


@dataclass(eq=False)
class TokenMalformed(LaunchError):
    """The LMS sent a launch that we cannot read.

    Open the activity again; if it repeats, tell its administrator.
    """

    code = "token-malformed"


@dataclass(eq=False)
class TokenTooLarge(LaunchError):
    """The LMS sent a launch that is too large.

    Its administrator should send fewer custom parameters.
    """

    size_limit_bytes: int
    code = "token-too-large"


@dataclass(eq=False)
class AlgorithmRefused(LaunchError):
    """The launch is signed in a way we do not accept. The administrator of the LMS must choose RS256."""

    code = "algorithm-refused"


@dataclass(eq=False)
class CriticalHeaderUnknown(LaunchError):
    """The launch demands a security extension that we do not know. Tell the administrator of the LMS."""

    code = "critical-header-unknown"


@dataclass(eq=False)
class KeyIdMissing(LaunchError):
    """The launch does not say which key signed it. Tell the administrator of the LMS."""

    code = "key-id-missing"


@dataclass(eq=False)
class KeyUnknown(LaunchError):
    """The launch is signed by a key the LMS does not publish.

    Wait half a minute and open the activity again.
    """

    kid: str
    code = "key-unknown"


@dataclass(eq=False)
class KeysUnavailable(LaunchError):
    """The keys of the LMS could not be fetched.

    Open the activity again soon; if it repeats, check the key set URL.
    """

    reason: str
    code = "keys-unavailable"


@dataclass(eq=False)
class KeysMalformed(LaunchError):
    """The key set URL of the LMS gives something else than keys we can use.

    Its administrator must correct the URL.
    """

    code = "keys-malformed"


@dataclass(eq=False)
class SignatureInvalid(LaunchError):
    """The signature of the launch is wrong.

    Open the activity again; if it repeats, tell the administrator of the LMS.
    """

    code = "signature-invalid"


@dataclass(eq=False)
class ClaimMissing(LaunchError):
    """The LMS left out something every launch must have.

    Tell the administrator of the LMS what is missing.
    """

    claim: str
    code = "claim-missing"


@dataclass(eq=False)
class ClaimInvalid(LaunchError):
    """The LMS sent something in a form we cannot read.

    Tell the administrator of the LMS which part it was.
    """

    claim: str
    code = "claim-invalid"


@dataclass(eq=False)
class WrongIssuer(LaunchError):
    """The launch comes from another LMS than the one that started it.

    Open the activity again from your course.
    """

    code = "wrong-issuer"


@dataclass(eq=False)
class WrongAudience(LaunchError):
    """The launch was meant for another tool. The administrator of the LMS must check the client ID."""

    code = "wrong-audience"


@dataclass(eq=False)
class TokenExpired(LaunchError):
    """The launch has expired. Go back to your course and open the activity again."""

    code = "token-expired"


@dataclass(eq=False)
class TokenFromFuture(LaunchError):
    """The launch is dated in the future. The administrator of the LMS must set its clock."""

    code = "token-from-future"


@dataclass(eq=False)
class NonceMismatch(LaunchError):
    """The launch does not belong to this login. Go back to your course and open the activity again."""

    code = "nonce-mismatch"


@dataclass(eq=False)
class VersionUnsupported(LaunchError):
    """The LMS speaks another version of LTI. Its administrator must choose LTI 1.3."""

    code = "version-unsupported"


@dataclass(eq=False)
class MessageUnsupported(LaunchError):
    """The LMS asks for something this service does not offer.

    Open the activity from your course.
    """

    code = "message-unsupported"


@dataclass(eq=False)
class UnknownDeployment(LaunchError):
    """The installation of the tool awaits approval.

    The operator of this service sees the request and can approve it.
    """

    deployment_id: str
    code = "unknown-deployment"


@dataclass(eq=False)
class DeploymentMismatch(LaunchError):
    """The launch belongs to another installation than the login.

    Go back to your course and open the activity again.
    """

    code = "deployment-mismatch"


@dataclass(eq=False)
class TargetMismatch(LaunchError):
    """The launch points elsewhere than the login did. Go back to your course and open the activity again."""

    code = "target-mismatch"


# --- deep linking ---


@dataclass(eq=False)
class LinksNotAccepted(LaunchError):
    """The LMS asks for another kind of content than courses.

    Choose courses where you add an activity or external tool.
    """

    code = "links-not-accepted"


@dataclass(eq=False)
class ReturnUrlForeign(LaunchError):
    """The LMS wants the chosen courses sent to another address than its own. Tell its administrator."""

    code = "return-url-foreign"


# --- services ---


@dataclass(eq=False)
class ServiceError(LtiError):
    """The LMS did not take what we sent. It is kept here; see the reason and try again."""

    host: str
    code = "service-failed"


@dataclass(eq=False)
class ServiceUnreachable(ServiceError):
    """The LMS did not answer, or not as it should. We try again by ourselves."""

    reason: str
    code = "service-unreachable"


@dataclass(eq=False)
class ServiceRefused(ServiceError):
    """The LMS does not let us in.

    Its administrator must check that the tool is active and may use grades.
    """

    status: int
    reason: str = ""
    code = "service-refused"


@dataclass(eq=False)
class ServiceRejected(ServiceError):
    """The LMS refuses this result, and would refuse it again.

    Check that the activity and the learner still exist.
    """

    status: int
    code = "service-rejected"


@dataclass(eq=False)
class ScoreSuperseded(ServiceError):
    """The LMS already has a newer grade for this learner. Nothing needs to be done."""

    code = "score-superseded"
