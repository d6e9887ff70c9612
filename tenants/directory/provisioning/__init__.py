"""Provisioning: people and groups as a client's own directory sends them (SCIM 2.0), and what they may do here."""
