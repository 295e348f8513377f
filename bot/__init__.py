"""Who decides and who speaks."""
