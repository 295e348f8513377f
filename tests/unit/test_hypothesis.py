"""From labels and a template to hypotheses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.hypothesis import EMBEDDING_TEMPLATE, NLI_TEMPLATE, check_template, render
from classifier.types import Label

TEMPLATES = [EMBEDDING_TEMPLATE, NLI_TEMPLATE, "{}", "{} is what this is about", "Über {}: ja"]


@given(name=st.text(), template=st.sampled_from(TEMPLATES))
def test_a_hypothesis_is_what_the_pipeline_would_format(name: str, template: str) -> None:
    assert render(Label(name=name), template) == template.format(name)


def test_a_description_takes_the_names_place() -> None:
    label = Label(name="security", description="a vulnerability, {breach} or exploit")

    assert render(label, "About {}.") == "About a vulnerability, {breach} or exploit."


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_with_one_bare_place_for_the_label_is_accepted(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "about it",
        "{} and {}",
        "{0}",
        "{label}",
        "{!r}",
        "{:>9}",
        "{{}}",
        "{{{}}}",
        "{} {{x}}",
        "{",
        "}",
        "}{",
        "{} }",
    ],
)
def test_a_template_without_exactly_one_bare_place_for_the_label_is_refused_by_name(template: str) -> None:
    with pytest.raises(ValueError, match="exactly one") as refused:
        check_template(template)
    assert repr(template) in str(refused.value)


@given(template=st.text(alphabet="{}a0:!", max_size=6))
def test_whatever_is_accepted_formats_to_what_is_rendered(template: str) -> None:
    try:
        check_template(template)
    except ValueError:
        return
    assert render(Label(name="{a}"), template) == template.format("{a}") != template
