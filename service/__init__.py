"""The web face: it owns HTTP and nothing else."""
