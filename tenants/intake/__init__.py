"""Intake: files and feeds become checked rows, and checked rows become the ledger, each exactly once."""
