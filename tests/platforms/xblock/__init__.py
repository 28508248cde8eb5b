"""The platform of Open edX, `lti-consumer-xblock`, without the rest of Open edX.

host, open_edx and pages run by the Python of its environment; all else here by ours.
"""
