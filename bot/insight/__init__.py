"""Answers for people. Reads what is stored and what is counted; never moves a post."""
