"""What is remembered, as values: channels with their settings, decisions, alerts, deliveries, judgements."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from classifier.types import Label, Mode, Model
from sources.types import Account, Post, PostKind

PostId = NewType("PostId", int)
"""A post's number in this database, not its id at the source."""

AlertId = NewType("AlertId", int)
"""An alert's number, as people say it: alerts count from 1 in a database."""

DeliveryKey = NewType("DeliveryKey", str)
"""The idempotency key of a delivery: opaque, unguessable, carried by the chat message itself."""

Receipt = NewType("Receipt", str)
"""The platform's id of the message that a delivery became."""

DEFAULT_THRESHOLD = 0.40
"""The least score that counts unless the channel or the label says otherwise; an alert needs strictly more."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class ChannelKey:
    """Where settings, alerts and judgements belong: a channel of a workspace of a platform, never a person."""

    platform: str
    workspace: str
    channel: str


class AlertState(StrEnum):
    """Whether a channel's alerts are delivered."""

    ON = "on"
    OFF = "off"
    SHADOW = "shadow"
    """Decide as if on, post nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelLabel:
    """A label of a channel, with a threshold of its own where one was set."""

    label: Label
    threshold: float | None = None

    @property
    def name(self) -> str:
        return self.label.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What a watch is narrowed by. Scores always use all labels of the channel; filters apply after."""

    labels: tuple[str, ...] = ()
    """`+label:x`: where there are any, only these may alert."""

    not_labels: tuple[str, ...] = ()
    """`-label:x`: these may not."""

    keywords: tuple[str, ...] = ()
    """`+keyword:x`: where there are any, the post must hold one of them, as whole words, whatever the case."""

    not_keywords: tuple[str, ...] = ()
    """`-keyword:x`: the post may hold none."""

    without: frozenset[PostKind] = frozenset()
    """`-retweets`, `-replies`, `-quotes`."""

    langs: tuple[str, ...] = ()
    """`lang:en`: the post must be in one of them; one whose language is unknown passes."""

    minimum: float | None = None
    """`min:60%`: raises the threshold for this watch, never lowers it."""


NO_FILTERS = Filters()


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """A channel's standing wish to see an account."""

    account: Account
    added_by: str
    """What people call the person who added it."""

    added_at: datetime
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A time in which nothing is sent: for the whole channel, for one account of it, or for one label."""

    until: datetime
    account: Account | None = None
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manager:
    """Someone who may change the settings of a channel that is locked."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """Everything a channel has set; `threshold` is None while the default holds."""

    key: ChannelKey
    name: str
    mode: Mode = Mode.INDEPENDENT
    threshold: float | None = None
    alerts: AlertState = AlertState.ON
    pauses: tuple[Pause, ...] = ()
    suspended: str = ""
    """Why nothing can be sent here at present; empty while all is well."""

    labels: tuple[ChannelLabel, ...] = ()
    watches: tuple[Watch, ...] = ()
    managers: tuple[Manager, ...] = ()
    """Who alone may change settings here; empty while everyone may whom the platform lets."""

    def threshold_for(self, label: ChannelLabel) -> float:
        """The least score that counts for this label here."""
        if label.threshold is not None:
            return label.threshold
        return DEFAULT_THRESHOLD if self.threshold is None else self.threshold

    def threshold_source(self, label: ChannelLabel) -> str:
        """Where `threshold_for` comes from, in words people know."""
        if label.threshold is not None:
            return "set for the label"
        return "default" if self.threshold is None else "set for the channel"


class Removed(StrEnum):
    """Why a post's content is gone, while who wrote it, its address and its times stay."""

    DELETED = "deleted"
    EXPIRED = "expired"

    @property
    def words(self) -> str:
        """What people read instead of the text."""
        return "deleted at its source" if self is Removed.DELETED else "older than posts are kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPost:
    """A post with its number in this database."""

    id: PostId
    post: Post
    removed: Removed | None = None
    """None while the post is as it was read; else its text and its author's name are empty."""


class Reason(StrEnum):
    """What was decided of a post for a channel. Everything but ALERT is a refusal, in the words people read."""

    ALERT = "alert"
    BELOW_THRESHOLD = "below threshold"
    NO_TEXT = "no text"
    NO_LABELS = "no labels"
    LABELS_REFUSED = "labels refused"
    """Of a channel some of whose labels the model refuses, and whose others cannot be decided without them."""

    BEFORE_WATCH = "published before the watch"
    FILTERED = "filtered"
    DUPLICATE = "duplicate"
    """A retweet of what alerted here within the last day."""

    PAUSED = "paused"
    OFF = "alerts are off"
    SHADOW = "shadow"
    SUSPENDED = "suspended"


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelScore:
    """A label's score in 0..1 for one post, beside the threshold it had to exceed and where that came from."""

    label: str
    score: float
    threshold: float
    threshold_source: str

    @property
    def above(self) -> bool:
        return self.score > self.threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided of a post for a channel, and why. `scores` holds every label asked, highest first."""

    post: PostId
    channel: ChannelKey
    reason: Reason
    detail: str = ""
    """What of the reason a person wants to know: which filter, until when, of which alert."""

    mode: Mode
    scores: tuple[LabelScore, ...] = ()
    matched: tuple[LabelScore, ...] = ()
    """The labels that alert, or would have alerted but for `reason`; highest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostLogits:
    """What the model answered about one post: hypothesis -> (entailment, contradiction)."""

    post: PostId
    by_hypothesis: dict[str, tuple[float, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """All that one round of classifying came to; stored in one transaction with the claim's end."""

    posts: tuple[PostId, ...]
    model: Model
    template: str
    decided_at: datetime
    logits: tuple[PostLogits, ...] = ()
    decisions: Iterable[Decision] = ()
    """May be made only when they are read; read more than once, they are the same."""


class Judged(StrEnum):
    RELEVANT = "relevant"
    NOT_RELEVANT = "not relevant"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """One person's word on one alert; the last one wins."""

    alert: AlertId
    actor: str
    actor_name: str
    judged: Judged
    given_at: datetime
    reason: str = ""
    """What the person wrote about it; empty where they wrote nothing."""

    reaction: str = ""
    """The emoji's name where it was given by a reaction: taking that one back withdraws it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A decision owed to a channel, with all that its card shows."""

    id: AlertId
    channel: ChannelKey
    post: StoredPost
    matched: tuple[LabelScore, ...]
    mode: Mode
    model: str
    decided_at: datetime
    judgements: tuple[Judgement, ...] = field(default=())


class DeliveryVerb(StrEnum):
    """What is done to the chat."""

    SEND = "send"
    EDIT = "edit"
    """Redraw the message that another delivery became."""


class DeliveryKind(StrEnum):
    """What a delivery carries."""

    ALERT = "alert"
    SUMMARY = "summary"
    NOTICE = "notice"


class DeliveryState(StrEnum):
    """How far a delivery has come. Pending, sending and ambiguous ones are still owed."""

    PENDING = "pending"
    SENDING = "sending"
    """The intent is written; the chat may or may not have the message."""

    AMBIGUOUS = "ambiguous"
    """The outcome is unknown: to be looked up by its key before anything is sent again."""

    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    """Owed to a suspended channel: kept until the channel can be reached again."""

    WITHDRAWN = "withdrawn"
    """No longer owed, and never sent: what it says was deleted at its source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message owed to a chat."""

    key: DeliveryKey
    channel: ChannelKey
    verb: DeliveryVerb
    kind: DeliveryKind
    edits: DeliveryKey | None
    """For an edit: the delivery whose message is redrawn."""

    state: DeliveryState
    attempts: int
    due_at: datetime

    @property
    def lane(self) -> "Lane":
        return Lane(channel=self.channel, verb=self.verb, kind=self.kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """Deliveries of one lane go one at a time, oldest first; lanes do not wait for each other.

    So an edit holds up no send, and a summary of what is old holds up no alert that is new.
    """

    channel: ChannelKey
    verb: DeliveryVerb
    kind: DeliveryKind
