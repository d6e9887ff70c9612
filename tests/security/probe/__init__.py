"""The probes: every route, by every caller, with every id of somebody else in every place where an id can stand.

The world is closed: what can be declared is generated from the declarations, and what cannot be asked is told as
uncovered, never skipped. `./goodterms probe` runs the whole; the suite runs a short size of the same.
"""
