"""What the model said of the stream's posts."""

import asyncio

import numpy as np
import pytest

from bot.pipeline.questions import _rows


@pytest.mark.parametrize("shape", [(256, 250, 2), (3, 9_000, 2), (300, 1, 2), (2, 0, 2), (0, 5, 2)])
async def test_a_large_answer_is_made_into_rows_while_others_have_the_event_loop(shape: tuple[int, int, int]) -> None:
    logits = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    rows = await _rows(logits)
    counting.cancel()

    assert turns >= logits.size // 2 // 9_000
    assert [[list(pair) for pair in row] for row in rows] == logits.tolist()
