"""A database that owes something: posts stored and decided to alert, as the pipeline would leave them."""

from collections.abc import Sequence

import sqlalchemy as sa

from sources.types import Post
from storage import channels, decisions, keys, logits, outbox
from storage import posts as posts_storage
from storage.database import Database
from storage.schema import deliveries
from storage.types import ChannelKey, DeliveryKey, DeliveryState, Receipt
from tests.fakes.builders import MODEL, NOW, TEMPLATE, a_channel, a_decision, a_key, posts


async def owe_alerts(
    database: Database, *, count: int = 1, new: Sequence[Post] = (), channel: ChannelKey | None = None
) -> list[DeliveryKey]:
    """Store posts (`new`, or that many) and decide each to alert the channel at NOW; the keys of what is then owed."""
    key = channel or a_key()

    def work(connection: sa.Connection) -> list[DeliveryKey]:
        channels.save(connection, a_channel(key.channel, key=key))
        stored = posts_storage.add(connection, new or posts(count), NOW)
        model = logits.model_number(connection, MODEL, TEMPLATE)
        decisions.add(connection, model, [a_decision(post, key) for post in stored], NOW)
        newest = sa.select(deliveries.c.key).where(keys.matches(deliveries, key)).order_by(deliveries.c.id.desc())
        return [DeliveryKey(found) for found in connection.scalars(newest.limit(len(stored)))][::-1]

    return await database.transaction(work)


async def state_of(database: Database, key: DeliveryKey) -> DeliveryState:
    """How far a delivery has come."""
    progress = await database.read(lambda connection: outbox.progress_of(connection, key))
    assert progress is not None, f"there is no delivery {key}"
    return progress.state


async def was_sent(database: Database, key: DeliveryKey) -> None:
    """The chat has this delivery's message."""
    await database.transaction(lambda connection: outbox.settle_sent(connection, key, Receipt(f"m-{key}"), NOW))


async def set_state(database: Database, key: DeliveryKey, state: DeliveryState) -> None:
    """Put a delivery into a state that a life of the program may have left it in."""
    change = sa.update(deliveries).where(deliveries.c.key == key).values(state=state)
    await database.transaction(lambda connection: connection.execute(change))
