"""Pages for specialists, finance teams and admins, rendered on the server; each works without a script."""
