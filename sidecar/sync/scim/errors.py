"""Hold what may be wrong with a SCIM request; each error knows its HTTP status and the word that SCIM has for it.

Source: RFC 7644 §3.12.
"""

from __future__ import annotations

from typing import ClassVar

from sidecar.errors import SidecarError


class ScimError(SidecarError):
    """This SCIM request can't be done."""

    code = "scim"
    status: ClassVar[int] = 400
    scim_type: ClassVar[str] = ""


class ScimFilterError(ScimError):
    """This filter is not understood. Compare attributes with "eq", and join comparisons with "and"."""

    code = "scim-filter"
    scim_type = "invalidFilter"


class ScimSyntaxError(ScimError):
    """The request is not what SCIM asks for here: JSON of the right shape, with the attributes that are required."""

    code = "scim-syntax"
    scim_type = "invalidSyntax"


class ScimPathError(ScimError):
    """The path of an operation is not understood."""

    code = "scim-path"
    scim_type = "invalidPath"


class ScimNoTargetError(ScimError):
    """The path of an operation leads to nothing that could be changed."""

    code = "scim-no-target"
    scim_type = "noTarget"


class ScimValueError(ScimError):
    """The value of {attribute} can't be used."""

    code = "scim-value"
    scim_type = "invalidValue"


class ScimNationalIdError(ScimError):
    """The value of {attribute} is a national identity number, which must not be sent here. Send another number."""

    code = "scim-national-id"
    scim_type = "invalidValue"


class ScimMutabilityError(ScimError):
    """The attribute {attribute} is given by us, and can't be changed."""

    code = "scim-mutability"
    scim_type = "mutability"


class ScimUniquenessError(ScimError):
    """Another resource has this {attribute} already."""

    code = "scim-uniqueness"
    status = 409
    scim_type = "uniqueness"


class ScimUnknownError(ScimError):
    """There is no such resource."""

    code = "scim-unknown"
    status = 404


class ScimVersionError(ScimError):
    """The resource was changed meanwhile. Read it again, then change it."""

    code = "scim-version"
    status = 412


class ScimTooMuchError(ScimError):
    """That is too much for one request: {limit} is the most."""

    code = "scim-too-much"
    status = 413
