"""What is remembered. Sees only sources.types and classifier.types; SQL lives here and nowhere else."""
