"""The `lapwing` program: its commands, and how each kind of failure ends."""

import time

STARTED = time.monotonic()
"""When this process began its own work; `lapwing demo` tells the time to the first alert from here."""

import os  # noqa: E402  (the clock starts before anything is loaded)
import sys  # noqa: E402
import threading  # noqa: E402
from importlib.metadata import version  # noqa: E402
from io import TextIOWrapper  # noqa: E402
from typing import Annotated  # noqa: E402

import typer  # noqa: E402

from bot.cli import backup, classify, demo, discord_invite, doctor, evaluate, run, slack_manifest  # noqa: E402
from classifier.types import MODEL_THREAD  # noqa: E402

app = typer.Typer(
    name="lapwing",
    help="A lookout in your team's chat: it watches accounts, asks a classifier what each post is about, and alerts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.command)
app.command("run")(run.command)
app.command("doctor")(doctor.command)
app.command("backup")(backup.command)
app.command("classify")(classify.command)
app.command("evaluate")(evaluate.command)
app.command("slack-manifest")(slack_manifest.command)
app.command("discord-invite")(discord_invite.command)


_IDLE_ENDS_WITHIN_S = 0.2
"""A model's thread that computes nothing ends at once; one that does may take minutes."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lapwing {version('lapwing')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Run the program. Exit status: 0 well, 1 something broke, 2 used wrongly, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no emoji shows a ? instead of ending the program
            stream.reconfigure(errors="replace")
    try:
        app()
    except BrokenPipeError:  # whoever read our output has left: there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit as ending:
        if _model_still_computes():  # nobody waits for its answer any more, and Python would
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ending.code if isinstance(ending.code, int) else 0)
        raise


def _model_still_computes() -> bool:
    models = [thread for thread in threading.enumerate() if thread.name.startswith(MODEL_THREAD)]
    for thread in models:
        thread.join(_IDLE_ENDS_WITHIN_S)
    return any(thread.is_alive() for thread in models)


if __name__ == "__main__":
    main()
