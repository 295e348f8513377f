"""Real payloads of the sources, which stand beside the checkout and never in it."""

from pathlib import Path

import pytest

_FOLDERS = [parent / "shared" / "data" / "payloads" for parent in Path(__file__).resolve().parents]


def payloads(pattern: str) -> list[str]:
    """The lines of all files that match, below the folder of payloads. Skips the test where that is absent."""
    folder = next((one for one in _FOLDERS if one.is_dir()), None)
    if folder is None:
        pytest.skip("the real payloads (../shared/data/payloads) are not on this machine")
    return [line for path in sorted(folder.glob(pattern)) for line in path.read_text().splitlines() if line]
