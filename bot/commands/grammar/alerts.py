"""/alerts, and judging an alert."""

from bot.commands import values
from bot.commands.catalogue import example
from bot.commands.errors import UsageError, shown
from bot.commands.grammar.words import Parser, alert_number, alone, first, group, handle, label_name, missing, valued
from bot.commands.types import Command, Judge, ListAlerts, PauseAlerts, ResumeAlerts, SetAlerts
from storage.types import AlertState, Judged


def judge(judged: Judged | None) -> Parser:
    """The parser of what follows +1, -1 or 0."""

    def parse_number(rest: str) -> Command:
        if not rest:
            raise missing("The number of an alert", "+1")
        typed, reason = first(rest)
        number = alert_number(typed)
        if number is None:
            raise UsageError(f'"{shown(typed)}" is not the number of an alert.', example("+1"))
        if reason and all(alert_number(word) is not None for word in reason.split()):
            raise UsageError(f'"{shown(rest)}" is not the number of an alert.', example("+1"))
        if judged is None and reason:
            raise UsageError(f'0 takes the number of an alert alone, but "{shown(reason)}" followed.', example("0"))
        return Judge(alert=number, judged=judged, reason=valued(values.reason, reason, "-1"))

    return parse_number


def _list(text: str) -> Command:
    return ListAlerts(label=label_name(text, "/alerts list"))


def _pause(text: str) -> Command:
    form = "/alerts pause"
    number, target = first(text)
    if not number:
        raise missing("A duration", form)
    duration = valued(values.duration, number, form)
    account, more = first(values.straight_quotes(target))
    if values.is_account(account):
        if more:
            raise UsageError(f'{form} takes one account or label, but "{shown(more)}" followed.', example(form))
        return PauseAlerts(duration=duration, handle=handle(account, example(form)))
    return PauseAlerts(duration=duration, label=label_name(target, form))


alerts = group(
    "/alerts",
    {
        "list": _list,
        **{state.value: alone(f"/alerts {state}", SetAlerts(state=state)) for state in AlertState},
        "pause": _pause,
        "resume": alone("/alerts resume", ResumeAlerts()),
    },
    bare="list",
)
