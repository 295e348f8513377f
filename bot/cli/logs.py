"""Logging for the program: one line an event, to standard error, an action word and its fields."""

import logging


def start_logging(level: str) -> None:
    """Log what Lapwing does at this level and above, and of its libraries only what went wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for room in ("bot", "classifier", "sources", "storage", "lapwing"):
        logging.getLogger(room).setLevel(level)
