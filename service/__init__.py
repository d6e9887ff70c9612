"""The web face: owns HTTP and nothing else."""
