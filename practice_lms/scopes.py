"""Name the services that tools may ask for."""

AGS = "https://purl.imsglobal.org/spec/lti-ags/"
SCOPES = (
    f"{AGS}scope/lineitem",
    f"{AGS}scope/lineitem.readonly",
    f"{AGS}scope/result.readonly",
    f"{AGS}scope/score",
)
MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
