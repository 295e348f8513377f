"""Logging for the program: one line an event, to standard error, an action word and its fields."""

import logging


def start_logging(level: str) -> None:
    """Log at this level and above."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
