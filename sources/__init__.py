"""Where posts come from. Knows nothing of the other packages."""
