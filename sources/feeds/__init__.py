"""Feeds as a source: RSS, Atom and RDF, polled as often as they change."""
