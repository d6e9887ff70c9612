"""Tests: sentences about people of the cast, on a real PostgreSQL and a real Redis-protocol server."""
