"""One delivery: say it to the chat, and write down what came of it."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.cards import AlertCard, Card, NoticeCard, card_of
from bot.chat.base import (
    ChatGoneError,
    ChatPlatform,
    DeliveryError,
    MessageRefusedError,
    OutcomeUnknownError,
    TryLaterError,
)
from bot.pipeline.retry import GiveUp, LookUp, SendAgain, Suspend, back_off_s, next_step
from bot.pipeline.supervise import is_being_cancelled
from bot.pipeline.suspend import Suspensions
from sources.clock import Clock
from storage import alerts, deletions, failpoints, outbox
from storage.database import Connection, Database, DatabaseUnusableError
from storage.failpoints import Commit, Word
from storage.types import Delivery, DeliveryKey, DeliveryKind, DeliveryState, DeliveryVerb, Receipt

log = logging.getLogger(__name__)

_SENT_SOON = timedelta(seconds=1)

_MOST_FAULTS = 10
"""A delivery that fails so often by a fault of our own is given up, so that those behind it get their turn."""


class Sender:
    """Sends, redraws and looks up: the only one who speaks to a chat on behalf of the outbox."""

    def __init__(
        self,
        database: Database,
        platforms: Mapping[str, ChatPlatform],
        suspensions: Suspensions,
        clock: Clock,
        *,
        chance: random.Random,
    ) -> None:
        """`chance` spreads the retries of those who failed together."""
        self._database = database
        self._platforms = platforms
        self._suspensions = suspensions
        self._clock = clock
        self._chance = chance
        self._faults: Counter[DeliveryKey] = Counter()

    async def deliver(self, delivery: Delivery, *, speaking: Callable[[], None]) -> bool:
        """Do what a delivery asks for and write down what came of it; returns whether the chat did it.

        `speaking` is called right before a message is sent: from then on its channel is to be kept quiet.
        """
        platform = self._platforms[delivery.channel.platform]
        try:
            return await self._do(delivery, platform, speaking)
        except DeliveryError as error:
            await self._plan(delivery, error, platform.grace)
        except (DatabaseUnusableError, ChatGoneError):
            raise
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise
            await self._plan_fault(delivery, error, platform)
        except Exception as error:
            await self._plan_fault(delivery, error, platform)
        return False

    async def _do(self, delivery: Delivery, platform: ChatPlatform, speaking: Callable[[], None]) -> bool:
        if delivery.verb is DeliveryVerb.EDIT:
            await self._edit(delivery, platform)
        elif delivery.state is DeliveryState.AMBIGUOUS:
            return await self._look_up(delivery, platform)
        else:
            await self._send(delivery, platform, speaking)
        return True

    async def _look_up(self, delivery: Delivery, platform: ChatPlatform) -> bool:
        """Returns whether the chat has the message: one that answers questions only is not well yet."""
        failpoints.reach(failpoints.before(Word.FIND))
        receipt = await platform.find(delivery.channel, delivery.key)
        failpoints.reach(failpoints.after(Word.FIND))
        if receipt is not None:
            await self._sent(delivery, receipt)
            return True
        now, problem = self._clock.now(), "not there when looked up"
        await self._database.transaction(
            lambda connection: outbox.try_again(connection, delivery.key, problem, now), Commit.TRY_AGAIN
        )
        return False

    async def _send(self, delivery: Delivery, platform: ChatPlatform, speaking: Callable[[], None]) -> None:
        card = await self._card(delivery.key, delivery.kind)
        if isinstance(card, AlertCard) and card.removed:  # while it was looked up, or waited for another try
            now = self._clock.now()
            await self._database.transaction(
                lambda connection: deletions.withdraw(connection, delivery.key, now), Commit.WITHDRAW
            )
            return
        speaking()
        failpoints.reach(failpoints.before(Word.SEND))
        receipt = await platform.send(delivery.channel, card, delivery.key)
        failpoints.reach(failpoints.after(Word.SEND))
        await self._sent(delivery, receipt)

    async def _edit(self, delivery: Delivery, platform: ChatPlatform) -> None:
        """Redraw a message as its alerts stand now. Done twice it does no harm, so nothing is looked up."""
        assert delivery.edits is not None, "an edit names what it redraws"
        original = delivery.edits
        receipt = await self._database.read(lambda connection: outbox.receipt_of(connection, original))
        if receipt is None:
            await self._nothing_to_redraw(delivery, original, platform.grace)
            return
        card = await self._card(original, delivery.kind)
        failpoints.reach(failpoints.before(Word.EDIT))
        await platform.edit(delivery.channel, receipt, card, original)
        failpoints.reach(failpoints.after(Word.EDIT))
        await self._sent(delivery, receipt)

    async def _nothing_to_redraw(self, delivery: Delivery, original: DeliveryKey, grace: timedelta) -> None:
        """A message not sent yet is drawn as its alert stands when it is; one under way may show less, so try again.

        One that is sent by now was under way when it was looked for.
        """
        progress = await self._database.read(lambda connection: outbox.progress_of(connection, original))
        under_way = {DeliveryState.SENDING, DeliveryState.AMBIGUOUS, DeliveryState.SENT}
        if progress is None or progress.state not in under_way:
            await self._sent(delivery, Receipt(""))
            return
        due_at, problem = self._clock.now() + max(grace, _SENT_SOON), "what it redraws is still being sent"
        await self._database.transaction(
            lambda connection: outbox.try_again(connection, delivery.key, problem, due_at), Commit.TRY_AGAIN
        )

    async def _card(self, key: DeliveryKey, kind: DeliveryKind) -> Card:
        def work(connection: Connection) -> Card:
            if kind is DeliveryKind.NOTICE:
                return NoticeCard(text=outbox.notice(connection, key))
            return card_of(alerts.carried_by(connection, key))

        return await self._database.read(work)

    async def _sent(self, delivery: Delivery, receipt: Receipt) -> None:
        self._faults.pop(delivery.key, None)
        now = self._clock.now()
        await self._database.transaction(
            lambda connection: outbox.settle_sent(connection, delivery.key, receipt, now), Commit.SETTLE_SENT
        )

    async def _plan(self, delivery: Delivery, error: DeliveryError, grace: timedelta) -> None:
        if delivery.verb is DeliveryVerb.EDIT and isinstance(error, OutcomeUnknownError):
            error = TryLaterError(str(error))
        now, problem, key = self._clock.now(), str(error), delivery.key
        step = next_step(
            error,
            attempts=delivery.attempts,
            now=now,
            grace=grace,
            jitter=self._chance.random(),
            looking_up=delivery.state is DeliveryState.AMBIGUOUS,
        )
        next_name = type(step).__name__
        log.warning("failed delivery=%s attempts=%d next=%s problem=%r", key, delivery.attempts, next_name, problem)
        match step:
            case SendAgain(due_at):
                await self._database.transaction(
                    lambda connection: outbox.try_again(connection, key, problem, due_at), Commit.TRY_AGAIN
                )
            case LookUp(due_at):
                await self._database.transaction(
                    lambda connection: outbox.look_up(connection, key, problem, due_at), Commit.LOOK_UP_LATER
                )
            case GiveUp():
                await self._database.transaction(
                    lambda connection: outbox.settle_failed(connection, key, problem, now), Commit.SETTLE_FAILED
                )
            case Suspend():
                await self._suspensions.suspend(delivery, problem)

    async def _plan_fault(self, delivery: Delivery, fault: BaseException, platform: ChatPlatform) -> None:
        """An error of no platform's making: nobody can say how far the delivery came."""
        log.error("fault delivery=%s", delivery.key, exc_info=fault)
        problem = f"{type(fault).__name__}: {fault}"
        self._faults[delivery.key] += 1
        faults = self._faults[delivery.key]
        if faults >= _MOST_FAULTS:
            del self._faults[delivery.key]
            await self._plan(delivery, MessageRefusedError(problem), platform.grace)
        else:  # not at once, even where a look-up can be trusted at once: a fault does not mend itself in no time
            rest = timedelta(seconds=back_off_s(faults, self._chance.random()))
            await self._plan(delivery, OutcomeUnknownError(problem), max(platform.grace, rest))
