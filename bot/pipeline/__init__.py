"""The way of a post through the house: ingest, classify, decide, deliver."""
