"""Decides how an invoice of ours looks as a structured document of EN 16931, in UBL and in CII."""
