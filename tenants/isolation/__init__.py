"""Who is looking, at which clients, and in whose books a change may be written: every other room stands behind."""
