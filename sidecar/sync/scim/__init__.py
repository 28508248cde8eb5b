"""Take in what a SCIM client (RFC 7643, 7644) pushes of a municipality's users and groups."""
