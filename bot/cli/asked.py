"""What the options of a command ask for, understood."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import values
from bot.settings import read_settings
from classifier.registry import Choice, choose
from classifier.types import Label, Precision


def asked_labels(names: str, described: Sequence[str]) -> tuple[Label, ...]:
    """`names` separated by commas, `described` as "name=description". Raises ValueError."""
    labels = [Label(name=name) for name in values.label_names(names)] + [_described(text) for text in described]
    try:
        values.check_names(label.name for label in labels)
    except ValueError as error:
        raise ValueError(f'{error} For example: --labels "security, database"') from None
    return tuple(labels)


def asked_engine(written: str, *, template: str, dtype: str, threads: int = 0) -> Choice:
    """Endpoints are reached as the settings say, and the engine that they calibrate is calibrated. Raises ChoiceError,
    SettingsError.
    """
    settings = read_settings()
    choice = choose(written, template=template, threads=threads, access=settings.endpoints, precision=Precision(dtype))
    if settings.classifier_calibration is None:
        return choice
    theirs = choose(settings.classifier, calibration=settings.classifier_calibration).each()
    known = {(one.engine, one.place): one.calibration for one in theirs}
    return replace(choice, calibration=known.get((choice.engine, choice.place)))


def _described(text: str) -> Label:
    name, equals, description = text.partition("=")
    if not equals or not name.strip() or not description.strip():
        raise ValueError(f'--label "{text}" needs a name and a description: --label "World=world news and politics".')
    return Label(name=name.strip(), description=description.strip())
