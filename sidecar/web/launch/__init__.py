"""Let LMSs launch us: login, launch, keys, the choice of a link's course."""

from sidecar.web.launch import choosing, endpoints, icon, picking, registering, stepping, storage
from sidecar.web.launch.blueprint import blueprint

__all__ = ["blueprint", "choosing", "endpoints", "icon", "picking", "registering", "stepping", "storage"]
