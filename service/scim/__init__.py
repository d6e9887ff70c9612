"""SCIM 2.0 (RFC 7643 and 7644): a client's own directory adds people and groups, and switches them off."""
