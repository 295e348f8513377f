"""Bluesky: posts by Jetstream, accounts and previews by the public API."""
