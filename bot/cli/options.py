"""Options that several commands of the program share. Light: `--help` must not wait for numpy."""

from enum import StrEnum
from typing import Annotated

import typer


class ModeOption(StrEnum):
    INDEPENDENT = "independent"
    EXCLUSIVE = "exclusive"


class DtypeOption(StrEnum):
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


ENGINES = "embedding, embedding:PATH, nli:PATH, sagemaker:NAME."

Labels = Annotated[str, typer.Option("--labels", help='Labels, separated by commas: "security, database".')]
Described = Annotated[
    list[str] | None,
    typer.Option("--label", help='One label, with what the model is told: "World=world news and politics".'),
]
Mode = Annotated[ModeOption, typer.Option(help="How scores relate.")]
Template = Annotated[str, typer.Option(help="A hypothesis template with one {}.")]
Threshold = Annotated[str, typer.Option(help="The score that must be exceeded: 0.4 or 40%.")]
Dtype = Annotated[DtypeOption, typer.Option(help="In what precision a model on this machine computes.")]
