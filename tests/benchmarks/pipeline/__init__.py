"""How fast the pipeline is, step by step."""
