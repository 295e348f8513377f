"""Mastodon, and what speaks its API: accounts of any server, polled over the one guarded way out."""
