"""The domain of one client at a time: what is owed, what was sent, what was seen. No routes, no queue."""
