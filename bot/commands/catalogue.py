"""Every command: what to type, what it means, one example. `/help`, README and the terminal's completion read this."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the table of commands."""

    word: str
    """The command's first word, which is also its topic in /help."""

    usages: tuple[str, ...]
    meaning: str
    example: str

    @property
    def completions(self) -> tuple[str, ...]:
        """What a terminal offers: the usages up to where the person's own words begin."""
        return tuple(usage.split(" <")[0].split(" [")[0] for usage in self.usages)


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        word="/watch",
        usages=("/watch", "/watch <@account> [@account …]"),
        meaning="what this channel watches; or watch accounts from now on",
        example="/watch @vendor_sec",
    ),
    Entry(
        word="/unwatch",
        usages=("/unwatch <@account> [@account …]",),
        meaning="watch them no longer",
        example="/unwatch @vendor_sec",
    ),
    Entry(
        word="/labels",
        usages=("/labels list", "/labels set <label, label, …>", "/labels mode independent", "/labels mode exclusive"),
        meaning="what to look for; `set` replaces all labels; `mode` says whether they compete",
        example="/labels set security, database",
    ),
    Entry(
        word="/threshold",
        usages=("/threshold set <percent> [label]",),
        meaning="the score a label must exceed to alert, for the channel or for one label",
        example="/threshold set 60% security",
    ),
    Entry(
        word="/alerts",
        usages=("/alerts",),
        meaning="the last 10 alerts, and how they were judged",
        example="/alerts",
    ),
    Entry(
        word="/test",
        usages=("/test <text>",),
        meaning="what this channel's labels make of a text; nothing is stored or posted",
        example="/test Critical RCE in ExampleDB, patch now",
    ),
    Entry(
        word="+1",
        usages=("+1 <alert>", "-1 <alert>"),
        meaning="judge an alert relevant, or not relevant",
        example="-1 7",
    ),
    Entry(
        word="/health",
        usages=("/health",),
        meaning="what is connected, what waits, which model answers",
        example="/health",
    ),
    Entry(
        word="/help",
        usages=("/help [command]",),
        meaning="this list, or one command in full",
        example="/help labels",
    ),
)


def entry(word: str) -> Entry | None:
    """The entry of a command's first word; judging counts as one command."""
    wanted = "+1" if word == "-1" else word
    return next((one for one in CATALOGUE if one.word == wanted), None)


def table() -> str:
    """The table of commands as README shows it."""
    lines = ["| command | meaning |", "|---|---|"]
    for one in CATALOGUE:
        usages = "<br>".join(f"`{usage}`" for usage in one.usages)
        lines.append(f"| {usages} | {one.meaning} |")
    return "\n".join(lines)
