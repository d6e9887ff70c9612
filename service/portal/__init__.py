"""The debtor's side: pages behind signed links, without a password and without a script."""
