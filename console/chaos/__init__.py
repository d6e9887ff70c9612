"""Faults on purpose: a provider that fails as providers fail, processes that are killed, and the count afterwards."""
