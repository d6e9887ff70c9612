"""Who is looking, at which clients, and in whose books a change may be written. Every other room stands behind this one."""
