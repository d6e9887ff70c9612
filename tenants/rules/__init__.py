"""Workflow rules: a typed document, compiled to one statement per client, tried before it acts, and able to say why."""
