"""`lapwing evaluate`: how well engines tell labelled posts apart, side by side."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import options
from bot.cli.failures import BROKE, USED_WRONGLY, explained, fail


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


def command(
    path: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Labelled posts: JSONL with `text` and `label`, `labels` or `fractions` a line, or CSV with a header.",
        ),
    ],
    labels: options.Labels = "",
    label: options.Described = None,
    engine: Annotated[list[str] | None, typer.Option("--engine", help=f"{options.ENGINES} May be repeated.")] = None,
    mode: options.Mode = options.ModeOption.INDEPENDENT,
    template: options.Template = "",
    threshold: options.Threshold = "0.4",
    dtype: options.Dtype = options.DtypeOption.FP32,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 leaves it to torch.")] = 0,
    field: Annotated[str, typer.Option(help="Where a line says what is true, in place of `label` and its kin.")] = "",
    require: Annotated[
        list[str] | None,
        typer.Option("--require", help="End with status 1 where a figure is missed: macro_f1=0.7. May be repeated."),
    ] = None,
    fit: Annotated[
        bool,
        typer.Option(
            "--fit", help="Fit scale and bias of an embedding model to every second post, and measure on the others."
        ),
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="What is written.")] = Format.TABLE,
) -> None:
    """Measure engines on labelled posts: per label and in all, with their speed and memory.

    Without --labels and --label all labels of the file are asked.
    """
    with explained():
        from bot.cli import evaluating, evaluation_report  # noqa: PLC0415  (--help must not wait for numpy)
        from classifier.evaluation.labelled import LabelledFileError  # noqa: PLC0415

        try:
            wanted = [evaluation_report.requirement(text) for text in require or []]
            task = evaluating.prepare(
                Path(path),
                labels=labels,
                described=label or [],
                engines=engine or ["embedding"],
                mode=mode,
                template=template,
                threshold=threshold,
                dtype=dtype,
                threads=threads,
                field=field,
                fit=fit,
                all_known=bool(wanted),
            )
        except (ValueError, LabelledFileError) as error:
            fail(str(error), USED_WRONGLY)
        except OSError as error:
            fail(f"{path} cannot be read: {error.strerror}. Name a file of labelled posts.", USED_WRONGLY)
        results, failed = evaluating.run(task)
        checked = evaluation_report.check(results, wanted)
        write = evaluation_report.as_json if output is Format.JSON else evaluation_report.as_table
        sys.stdout.write(write(task, results, checked))
        if output is Format.JSON:  # the table shows it
            for missed in (one for one in checked if not one.met):
                sys.stderr.write(f"lapwing: missed: {missed}\n")
        for engine_name, reason in failed.items():
            sys.stderr.write(f"lapwing: {engine_name} was not measured: {reason}\n")
        if failed or not all(one.met for one in checked):
            sys.exit(BROKE)
