"""`lapwing slack-manifest`: what a Slack workspace installs Lapwing from."""

import re
import sys
from typing import Annotated

import typer

from bot.cli.failures import USED_WRONGLY, fail


def command(
    prefix: Annotated[
        str, typer.Option(help='Stands before each command: "acme" makes /acme-watch. For when names are taken.')
    ] = "",
    http: Annotated[
        str, typer.Option(help="The https:// address at which Slack reaches Lapwing; without it, Socket Mode.")
    ] = "",
) -> None:
    """Print the manifest for api.slack.com/apps → Create New App → From a manifest."""
    from bot.setting_values import COMMAND_PREFIX  # noqa: PLC0415  (--help must not wait for it)

    if prefix and not COMMAND_PREFIX.fullmatch(prefix):
        fail(f'--prefix "{prefix}" is not possible: small letters, digits and -, 16 at most.', USED_WRONGLY)
    if http and not re.fullmatch(r"https://[^\s/]+(/\S*)?", http):
        fail(f'--http "{http}" is not an address that Slack takes: it begins with https://.', USED_WRONGLY)
    import yaml  # noqa: PLC0415  (only this command needs it)

    from bot.chat.slack.manifest import manifest  # noqa: PLC0415

    sys.stdout.write(yaml.safe_dump(manifest(prefix=prefix, url=http), sort_keys=False, allow_unicode=True, width=120))
