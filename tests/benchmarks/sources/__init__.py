"""How fast each source reads, beside what the real ones may bring."""
