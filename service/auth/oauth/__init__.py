"""The authorization server: the faces of OAuth and OpenID Connect; what they decide lives in tenants/directory."""
