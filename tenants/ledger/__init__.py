"""The books of one client: who owes what since when, what was paid and credited, and the proof that it adds up."""
