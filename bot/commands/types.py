"""Who asks, what is asked, what is answered."""

from dataclasses import dataclass

from classifier.types import Label, Mode
from sources.types import Handle
from storage.types import AlertId, ChannelKey, Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A person, as the platform's signed payload names them."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A line someone wrote, and where."""

    actor: Actor
    channel: ChannelKey
    channel_name: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered. Changes are public in the channel; reads, help and errors are for the one who asked."""

    text: str
    public: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ListWatches:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class AddWatches:
    handles: tuple[Handle, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveWatches:
    handles: tuple[Handle, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ListLabels:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class SetLabels:
    labels: tuple[Label, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SetMode:
    mode: Mode


@dataclass(frozen=True, kw_only=True, slots=True)
class SetThreshold:
    """For the channel, or for one label of it."""

    threshold: float
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListAlerts:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    alert: AlertId
    judged: Judged


@dataclass(frozen=True, kw_only=True, slots=True)
class TryText:
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowHealth:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Help:
    topic: str = ""


Command = (
    ListWatches
    | AddWatches
    | RemoveWatches
    | ListLabels
    | SetLabels
    | SetMode
    | SetThreshold
    | ListAlerts
    | Judge
    | TryText
    | ShowHealth
    | Help
)
