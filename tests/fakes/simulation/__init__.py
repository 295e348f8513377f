"""A whole day of Lapwing in seconds: real rooms and a real database in a world of scripted time, luck and weather.

`day.live(Plan(...))` runs one; `tests/fakes/invariants.py` says what was wrong with it.
"""
