"""Who asks, what is asked, what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from classifier.types import Label, Mode
from sources.types import Handle
from storage.types import NO_FILTERS, AlertId, AlertState, ChannelKey, Filters, Judged, Manager


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """A person, as the platform's signed payload names them."""

    id: str
    name: str
    member: bool = True
    """Whether the platform lets this person change settings: no guest, no outsider, Manage Channels on Discord."""

    lacks: str = ""
    """What somebody could give this person so that they may, in words; empty where nothing can be given to a guest."""

    admin: bool = False
    """An admin of the workspace: may change settings of locked channels too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A line someone wrote, and where."""

    actor: Actor
    channel: ChannelKey
    channel_name: str
    text: str


class ButtonKind(StrEnum):
    """What a button under an answer does when it is pressed."""

    COMMAND = "command"
    """Runs `value` as if the person who presses it had typed it."""

    SHARE = "share"
    """Shows a private answer to the whole channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A button under an answer."""

    label: str
    kind: ButtonKind
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered. Changes are public in the channel; reads, help and errors are for the one who asked."""

    text: str
    public: bool = False
    buttons: Sequence[Button] = ()
    file: str = ""
    """The name of the file that the text is: it is to be copied or kept as it stands. Empty: the text is words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListWatches:
    """`/watch`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddWatches:
    """`/watch @a @b -retweets`: the filters are added to those that are there."""

    handles: tuple[Handle, ...]
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveWatches:
    """`/unwatch @a @b`, or with filters: only those filters go."""

    handles: tuple[Handle, ...]
    filters: Filters = NO_FILTERS


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveAllWatches:
    """`/unwatch all`, which asks first; `/unwatch all yes` is the answer."""

    sure: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ListLabels:
    """`/labels`, `/labels list`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetLabels:
    """`/labels set a, b`"""

    labels: tuple[Label, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AddLabels:
    """`/labels add a, b`"""

    labels: tuple[Label, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveLabels:
    """`/labels remove a, b`"""

    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DescribeLabel:
    """`/labels describe security "a vulnerability, breach or exploit"`; an empty description takes it away."""

    name: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetMode:
    """`/labels mode exclusive`"""

    mode: Mode


@dataclass(frozen=True, kw_only=True, slots=True)
class ListThresholds:
    """`/threshold`, `/threshold list`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetThreshold:
    """`/threshold set 60%` for the channel, `/threshold set 60% security` for one label."""

    threshold: float
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetThreshold:
    """`/threshold reset` for the channel and all its labels, `/threshold reset security` for one label."""

    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListAlerts:
    """`/alerts`, `/alerts list security`"""

    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAlerts:
    """`/alerts on`, `off`, `shadow`"""

    state: AlertState


@dataclass(frozen=True, kw_only=True, slots=True)
class PauseAlerts:
    """`/alerts pause 2h`, `/alerts pause 2h @acct`, `/alerts pause 2h security`"""

    duration: timedelta
    handle: Handle | None = None
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResumeAlerts:
    """`/alerts resume`: ends every pause of the channel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """`+1 7`, `-1 7 it is a drill`; None, `0 7`, withdraws."""

    alert: AlertId
    judged: Judged | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TryText:
    """`/test some text`"""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskWhy:
    """`/why 7`, `/why https://…`: exactly one of the two is given."""

    alert: AlertId | None = None
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowStats:
    """`/stats`, `/stats 30`"""

    days: int = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowHealth:
    """`/health`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowConfig:
    """`/config`, `/config show`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportConfig:
    """`/config export`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportConfig:
    """`/config import` and YAML: shows the difference, changes nothing; `/config import apply CODE` applies it."""

    yaml: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplyImport:
    """`/config import apply 7f3a`"""

    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShowLog:
    """`/config log`"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """`/config undo`: the newest change not yet undone; `/config undo 12`: that one, if nothing later touched it."""

    change: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """`/config lock @ann @bob`: only they and admins may change settings; `/config lock off` lets everyone again."""

    managers: tuple[Manager, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Help:
    """`/help`, `/help labels`, `/labels help`"""

    topic: str = ""


Command = (
    ListWatches
    | AddWatches
    | RemoveWatches
    | RemoveAllWatches
    | ListLabels
    | SetLabels
    | AddLabels
    | RemoveLabels
    | DescribeLabel
    | SetMode
    | ListThresholds
    | SetThreshold
    | ResetThreshold
    | ListAlerts
    | SetAlerts
    | PauseAlerts
    | ResumeAlerts
    | Judge
    | TryText
    | AskWhy
    | ShowStats
    | ShowHealth
    | ShowConfig
    | ExportConfig
    | ImportConfig
    | ApplyImport
    | ShowLog
    | Undo
    | Lock
    | Help
)

FOR_MANAGERS = (
    AddWatches,
    RemoveWatches,
    RemoveAllWatches,
    SetLabels,
    AddLabels,
    RemoveLabels,
    DescribeLabel,
    SetMode,
    SetThreshold,
    ResetThreshold,
    SetAlerts,
    PauseAlerts,
    ResumeAlerts,
    ImportConfig,
    ApplyImport,
    ExportConfig,
    Undo,
    Lock,
)
"""The commands that only those may give who may change settings. Judging and reading is everyone's."""

FOR_ALL_TO_SEE = (*(one for one in FOR_MANAGERS if one not in {ImportConfig, ExportConfig}), Judge)
"""The commands that the whole channel hears of, when they change something."""
