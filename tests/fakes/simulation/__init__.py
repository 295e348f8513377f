"""A whole day of Lapwing in seconds: real rooms and a real database in a world whose time, luck and weather are scripted.

`day.live(Plan(...))` runs one; `tests/fakes/invariants.py` says what was wrong with it.
"""
