"""What talks to Radicale, and nothing else."""
