"""Delivery: documents, messages to one recipient each, and the graded evidence that they arrived and were seen."""
