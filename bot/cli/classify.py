"""`lapwing classify`: what a file of texts is about. Reads and writes line by line, in order."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.failures import USED_WRONGLY, explained, fail


class Format(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


def command(
    path: Annotated[
        str, typer.Argument(help="JSONL with `text` (and `id`) a line, or plain lines; - is standard input.")
    ] = "-",
    labels: options.Labels = "",
    label: options.Described = None,
    engine: Annotated[str, typer.Option(help=options.ENGINES)] = "embedding",
    mode: options.Mode = options.ModeOption.INDEPENDENT,
    template: options.Template = "",
    threshold: options.Threshold = "0.4",
    dtype: options.Dtype = options.DtypeOption.FP32,
    output: Annotated[Format, typer.Option("--format", help="What is written.")] = Format.TABLE,
) -> None:
    """Say for each text which label fits it, and whether it would alert."""
    with explained():
        from bot.cli import classifying  # noqa: PLC0415  (--help must not wait for numpy)

        try:
            task = classifying.prepare(
                labels=labels,
                described=label or [],
                engine=engine,
                mode=mode,
                template=template,
                threshold=threshold,
                dtype=dtype,
            )
        except ValueError as error:
            fail(str(error), USED_WRONGLY)
        if path != "-" and not Path(path).is_file():
            fail(f"{path} is not a file. Name a file of texts, or - for standard input.", USED_WRONGLY)
        try:
            classifying.run(task, path, sys.stdout, as_jsonl=output is Format.JSONL)
        except BrokenPipeError:
            raise
        except OSError as error:
            fail(f"stopped while reading {path} and writing the answers: {error.strerror}.")
