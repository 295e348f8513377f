"""The terminal's own memory of what it has shown, since a terminal cannot be asked.

A chat service keeps its messages, so that a delivery with an unknown outcome can be looked up by its key. The console
keeps this file beside the database for the same purpose: one line a message, written with one system call in the same
breath as the message itself, so that a kill can hardly fall between the two.
"""

import json
import os
from pathlib import Path
from typing import Self

from storage.types import DeliveryKey, Receipt


class TranscriptUnusableError(Exception):
    """The file cannot be read and written; the message names it and the way out."""


class Transcript:
    """Which deliveries the terminal has shown, across restarts.

    A context manager; entering raises TranscriptUnusableError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shown: dict[DeliveryKey, Receipt] = {}
        self._count = 0

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise TranscriptUnusableError(
                f"{self._path} cannot be opened ({error.strerror}). It remembers what the terminal has shown: give "
                "write access to it, or name another DATABASE, beside which it lives."
            ) from error
        for line in text.splitlines():
            self._take_up(line)
        if text and not text.endswith("\n"):  # killed in the middle of a line: begin a new one
            os.write(self._file, b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def add(self, key: DeliveryKey) -> Receipt:
        """Remember that the message with this key is shown."""
        self._count += 1
        receipt = Receipt(str(self._count))
        self._note(key, receipt)
        self._shown[key] = receipt
        return receipt

    def take_back(self, key: DeliveryKey) -> None:
        """The message with this key could not be shown after all."""
        self._note(key, None)
        del self._shown[key]

    def find(self, key: DeliveryKey) -> Receipt | None:
        """The message that carries this key, if it was shown."""
        return self._shown.get(key)

    def _note(self, key: DeliveryKey, receipt: Receipt | None) -> None:
        os.write(self._file, (json.dumps({"key": key, "message": receipt}) + "\n").encode())

    def _take_up(self, line: str) -> None:
        try:
            entry = json.loads(line)
            key, message = entry["key"], entry["message"]
        except (ValueError, TypeError, KeyError):
            return  # a torn line: its message is shown again rather than lost
        if isinstance(key, str) and isinstance(message, str):
            self._count += 1
            self._shown[DeliveryKey(key)] = Receipt(message)
        elif isinstance(key, str) and message is None:
            self._shown.pop(DeliveryKey(key), None)
