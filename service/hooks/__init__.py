"""What other services tell us: believed only when it is signed, kept once, and read by a job."""
