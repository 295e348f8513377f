"""Every command: what to type, what it means, one example, who may, who sees the answer.

`/help`, README, the terminal's completion and the examples in errors read this.
"""

from dataclasses import dataclass

from bot.commands.values import FILTERS as FILTER_EXAMPLES


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One thing that can be said with a command, and every way to type it."""

    usages: tuple[str, ...]
    meaning: str
    example: str
    managers: bool = False
    """Only those may say this who may change settings."""

    public: bool = False
    """The whole channel sees the answer: it is a change."""

    @property
    def who(self) -> str:
        return "manager" if self.managers else "all"

    @property
    def seen_by(self) -> str:
        return "channel" if self.public else "only you"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One command with all its forms."""

    word: str
    """The command's first word, which is also its topic in /help."""

    meaning: str
    """All its forms in one line."""

    example: str
    forms: tuple[Form, ...]

    @property
    def usages(self) -> tuple[str, ...]:
        return tuple(usage for form in self.forms for usage in form.usages)

    @property
    def completions(self) -> tuple[str, ...]:
        """What a terminal offers: the usages up to where the person's own words begin."""
        return tuple(map(_beginning, self.usages))

    @property
    def verbs(self) -> tuple[str, ...]:
        """What may follow the word of a group, which can be said bare: ("list", "set", …); empty for the others."""
        if self.word not in self.usages:
            return ()
        beginnings = (usage.removeprefix(self.word).split() for usage in self.completions)
        return tuple(dict.fromkeys(words[0] for words in beginnings if words))


def _change(*usages: str, meaning: str, example: str) -> Form:
    return Form(usages=usages, meaning=meaning, example=example, managers=True, public=True)


def _read(*usages: str, meaning: str, example: str) -> Form:
    return Form(usages=usages, meaning=meaning, example=example)


def _alone(word: str, form: Form) -> Entry:
    return Entry(word=word, meaning=form.meaning, example=form.example, forms=(form,))


_WATCH = Entry(
    word="/watch",
    meaning="what this channel watches; or watch accounts from now on, or change their filters",
    example="/watch @vendor_sec",
    forms=(
        _read(
            "/watch",
            meaning="what is watched: filters, state, who added it, last post, alerts in 7 days",
            example="/watch",
        ),
        _change(
            "/watch <@account> [@account …] [filters]",
            meaning="watch these accounts, or add filters; says what the last 20 posts would have done",
            example="/watch @vendor_sec",
        ),
    ),
)

_UNWATCH = Entry(
    word="/unwatch",
    meaning="watch them no longer, or without some filters",
    example="/unwatch @vendor_sec",
    forms=(
        _change(
            "/unwatch <@account> [@account …] [filters]",
            meaning="remove these watches, or with filters only those filters",
            example="/unwatch @vendor_sec",
        ),
        _change("/unwatch all", meaning="remove every watch of this channel; asks first", example="/unwatch all"),
    ),
)

_LABELS = Entry(
    word="/labels",
    meaning="what to look for, and how scores relate",
    example="/labels set security, database",
    forms=(
        _read(
            "/labels", "/labels list", meaning="the labels with threshold, volume and precision", example="/labels list"
        ),
        _change(
            "/labels set <label, label, …>",
            meaning="replace all labels; says what was added, removed and kept",
            example="/labels set security, database",
        ),
        _change("/labels add <label, …>", meaning="look for these, too", example='/labels add "supply chain"'),
        _change("/labels remove <label, …>", meaning="look for these no longer", example="/labels remove database"),
        _change(
            '/labels describe <label> "<text>"',
            meaning='what the classifier is told of a label, whose name stays short; "" takes it away',
            example='/labels describe security "a vulnerability, breach or exploit"',
        ),
        _change(
            "/labels mode independent",
            "/labels mode exclusive",
            meaning="each label by itself; or labels that compete, and only the top one alerts",
            example="/labels mode independent",
        ),
    ),
)

_THRESHOLD = Entry(
    word="/threshold",
    meaning="the score a label must exceed to alert, for the channel or for one label",
    example="/threshold set 60% security",
    forms=(
        _read("/threshold", "/threshold list", meaning="the thresholds that hold here", example="/threshold list"),
        _change(
            "/threshold set <percent> [label]",
            meaning="set it for the channel, or for one label; says what it would have done to the last 30 alerts",
            example="/threshold set 60% security",
        ),
        _change(
            "/threshold reset [label]",
            meaning="the default again, for the channel and all its labels, or for one label",
            example="/threshold reset security",
        ),
    ),
)

_ALERTS = Entry(
    word="/alerts",
    meaning="the last alerts; or deliver, stop, or pause them",
    example="/alerts",
    forms=(
        _read(
            "/alerts",
            "/alerts list [label]",
            meaning="the last 10 alerts and how they were judged",
            example="/alerts list security",
        ),
        _change("/alerts on", meaning="deliver alerts", example="/alerts on"),
        _change("/alerts off", meaning="stop them", example="/alerts off"),
        _change("/alerts shadow", meaning="decide as if on, but post nothing", example="/alerts shadow"),
        _change(
            "/alerts pause <duration> [@account or label]",
            meaning="nothing for 15m, 2h, 3d or 3w, of one account or label alone where it is named; never sent later",
            example="/alerts pause 2h",
        ),
        _change("/alerts resume", meaning="end every pause", example="/alerts resume"),
    ),
)

_CONFIG = Entry(
    word="/config",
    meaning="all settings at once, their history, and who may change them",
    example="/config show",
    forms=(
        _read("/config", "/config show", meaning="all settings of this channel", example="/config show"),
        Form(usages=("/config export",), meaning="the settings as YAML", example="/config export", managers=True),
        Form(
            usages=("/config import <YAML>",),
            meaning="show what importing these settings would change; changes nothing yet",
            example="/config import {lapwing: 1, labels: [{name: security}]}",
            managers=True,
        ),
        _change(
            "/config import apply <code>",
            meaning="do what an import showed, by the code it showed: all of it or nothing",
            example="/config import apply 7f3a",
        ),
        _read("/config log", meaning="the last changes: who, when, what", example="/config log"),
        _change(
            "/config undo [change]",
            meaning="take back the newest change, or the one of this number",
            example="/config undo 12",
        ),
        _change(
            "/config lock <@user> [@user …]",
            meaning="only these people and admins may change settings",
            example="/config lock @ann @bob",
        ),
        _change("/config lock off", meaning="everyone in the channel may again", example="/config lock off"),
    ),
)

_JUDGE = Entry(
    word="+1",
    meaning="judge an alert, as the buttons of its card do",
    example="-1 7",
    forms=(
        Form(usages=("+1 <alert> [reason]",), meaning="judge it relevant", example="+1 7", public=True),
        Form(usages=("-1 <alert> [reason]",), meaning="judge it not relevant", example="-1 7", public=True),
        Form(usages=("0 <alert>",), meaning="withdraw your judgement", example="0 7", public=True),
    ),
)

CATALOGUE: tuple[Entry, ...] = (
    _WATCH,
    _UNWATCH,
    _LABELS,
    _THRESHOLD,
    _ALERTS,
    _alone(
        "/test",
        _read(
            "/test <text>",
            meaning="what this channel's labels make of a text; nothing is stored or posted",
            example="/test Critical RCE in ExampleDB, patch now",
        ),
    ),
    _alone(
        "/why",
        _read(
            "/why <alert, message link or post link>",
            meaning="why it alerted, or why it did not",
            example="/why 7",
        ),
    ),
    _alone(
        "/stats",
        _read(
            "/stats [days]",
            meaning="per label: posts decided, alerts, judgements, share judged relevant",
            example="/stats 30",
        ),
    ),
    _JUDGE,
    _alone(
        "/health",
        _read(
            "/health",
            meaning="what is connected, what waits, which model answers, the last post of each watch, what failed",
            example="/health",
        ),
    ),
    _CONFIG,
    _alone(
        "/help",
        _read(
            "/help [command]",
            meaning="this list, or one command in full, as `/labels help` is, too",
            example="/help labels",
        ),
    ),
)

_FILTER_MEANINGS = {
    "+label:": "only this label may alert; several: any of them",
    "-label:": "this label may not",
    "+keyword:": "the post must hold this, as whole words, whatever the case; several: any of them",
    "-keyword:": "the post may not hold this",
    "-retweets": "no retweets",
    "-replies": "no replies",
    "-quotes": "no quotes",
    "lang:": "the post must be in this language, or in one of lang:en,de; one whose language is unknown passes",
    "min:": "a higher threshold for this watch; it never lowers one",
}

FILTERS = Entry(
    word="filters",
    meaning="what a watch is narrowed by, beside the accounts of /watch and /unwatch",
    example="/watch @vendor_sec +label:security -retweets",
    forms=tuple(
        _read(example, meaning=_FILTER_MEANINGS[begin], example=f"/watch @acct {example}")
        for begin, example in FILTER_EXAMPLES.items()
    ),
)
"""Not a command, but a topic of /help."""


def entry(word: str) -> Entry | None:
    """The entry of a command's first word; judging counts as one command, and filters are a topic."""
    wanted = "+1" if word in {"-1", "0"} else word
    return next((one for one in (*CATALOGUE, FILTERS) if one.word == wanted), None)


def example(beginning: str) -> str:
    """One right example of a command or of a form of it: of "/labels", of "/labels add"."""
    found = entry(beginning)
    return (
        found.example if found else next(right for usage, right in _EXAMPLES if f"{usage} ".startswith(f"{beginning} "))
    )


def meaning(beginning: str) -> str:
    """What a form does that is typed like this: "/labels add"."""
    return next(form.meaning for one in CATALOGUE for form in one.forms if beginning in map(_beginning, form.usages))


def help_text(topic: str = "") -> str:
    """What /help answers: every command in a line, or one in full."""
    found = entry(topic) if topic else None
    return _in_full(found) if found else _overview()


def usage_line(word: str) -> str:
    """A group's verbs in one line, for under its list where its bare word was typed; empty for other commands."""
    found = entry(word)
    return f"{word} takes: {', '.join(found.verbs)}. {word} help tells more." if found and found.verbs else ""


def table() -> str:
    """The table of commands as README shows it."""
    lines = ["| command | meaning | who may | answer seen by |", "|---|---|---|---|"]
    for one in CATALOGUE:
        lines += [_row(form) for form in one.forms]
        if one is _UNWATCH:
            filters = " ".join(f"`{usage}`" for usage in FILTERS.usages)
            lines.append(f"| filters: {filters} | {FILTERS.meaning} | | |")
    return "\n".join(lines)


def _row(form: Form) -> str:
    usages = "<br>".join(f"`{usage}`" for usage in form.usages)
    return f"| {usages} | {form.meaning} | {form.who} | {form.seen_by} |"


def _overview() -> str:
    width = max(len(one.word) for one in CATALOGUE)
    lines = []
    for one in CATALOGUE:
        verbs = f" ({', '.join(one.verbs)})" if one.verbs else ""
        lines.append(f"{one.word:<{width}}  {one.meaning}{verbs}")
    return "\n".join([*lines, "/help labels tells all about one of them; /help filters what a watch is narrowed by."])


def _in_full(one: Entry) -> str:
    lines = []
    for form in one.forms:
        lines += [*form.usages, f"  {form.meaning}{' (managers)' if form.managers else ''}"]
    return "\n".join([one.meaning, *lines, f"Example: {one.example}"])


def _beginning(usage: str) -> str:
    return usage.split(" <", maxsplit=1)[0].split(" [", maxsplit=1)[0].split(' "', maxsplit=1)[0]


_EXAMPLES = [(_beginning(usage), form.example) for one in CATALOGUE for form in one.forms for usage in form.usages]
