"""Labelled posts, as files hold them."""

from pathlib import Path

import pytest

from classifier.evaluation.labelled import LabelledFileError, LabelledPost, labels_of, read, truth


def written(path: Path, content: str, name: str = "posts.jsonl") -> Path:
    (path / name).write_text(content, encoding="utf-8")
    return path / name


def test_a_label_a_list_and_shares_of_people_are_all_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '\ufeff{"text": "a", "label": "Flood"}\n\n'
        '{"text": "b", "labels": ["Flood", "Fire"], "fractions": {"Storm": 1}}\n'
        '{"text": "c", "fractions": {"Fire": 0.5, "Storm": 0.49}}\n'
        '{"text": "d", "label": ""}\n{"text": "nobody knows", "label": null}\n{"text": "f", "labels": []}\n'
        '{"text": "g", "labels": [" Fire ", " "]}\n',
    )
    posts = read(path)
    assert [(post.text, set(post.labels)) for post in posts] == [
        ("a", {"Flood"}),
        ("b", {"Flood", "Fire"}),
        ("c", {"Fire"}),
        ("d", set()),
        ("f", set()),
        ("g", {"Fire"}),
    ]
    assert labels_of(posts) == ["Fire", "Flood"]


def test_a_label_in_several_spellings_is_one_as_it_is_mostly_written() -> None:
    written = ["flood", "Flood", "Flood", "FLOOD", "fire", "fire", "fire"]
    assert labels_of([LabelledPost(text="a", labels=frozenset({label})) for label in written]) == ["Flood", "fire"]


def test_csv_has_a_line_of_names_and_texts_of_several_lines(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,text,label\r\n1,"a, ""b""\nc",Flood\r\n2,d,\r\n', "posts.csv")
    assert read(path) == [
        LabelledPost(text='a, "b"\nc', labels=frozenset({"Flood"})),
        LabelledPost(text="d", labels=frozenset()),
    ]


def test_csv_may_hold_lists(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,labels\na,"Flood, Fire"\nb,"[""Big, bad"", ""Fire""]"\nc,\n', "posts.csv")
    assert [set(post.labels) for post in read(path)] == [{"Flood", "Fire"}, {"Big, bad", "Fire"}, set()]


def test_another_field_may_say_what_is_true(tmp_path: Path) -> None:
    path = written(tmp_path, '{"text": "a", "label": "Floods", "info_type": "Caution"}\n')
    assert read(path, "info_type")[0].labels == {"Caution"}


def test_truth_is_a_table_of_the_labels_that_are_asked_whatever_their_case() -> None:
    posts = [
        LabelledPost(text="a", labels=frozenset({"FLOOD", "Fire"})),
        LabelledPost(text="b", labels=frozenset()),
    ]
    assert truth(posts, ["fire", "storm", "flood"]).tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        ("", "posts.jsonl", "holds no labelled posts"),
        ('{"text": "a", "label": null}\n', "posts.jsonl", "holds no labelled posts"),
        ('{"text": "a", "label": "b"}\n{oops\n', "posts.jsonl", "line 2: it is not JSON"),
        ("[1]\n", "posts.jsonl", "line 1: it is JSON, but not an object"),
        ('{"label": "b"}\n', "posts.jsonl", 'line 1: it has no "text" that is a string'),
        ('{"text": "a", "lable": "b"}\n', "posts.jsonl", 'line 1: it has no "label", "labels" or "fractions"'),
        ('{"text": "a", "label": 5}\n', "posts.jsonl", 'line 1: its "label" is neither a label'),
        ('{"text": "a", "labels": ["b", 5]}\n', "posts.jsonl", 'line 1: its "labels" is neither'),
        ('{"text": "a", "fractions": {"b": "half"}}\n', "posts.jsonl", "holds a share that is no number"),
        ("negative,stumbles\n", "posts.csv", 'line 1: no column is called "text", the columns are negative, stumbles'),
        ("text;label\na;b\n", "posts.csv", 'with commas between them: "text,label"'),
        ("", "posts.csv", "holds no labelled posts"),
        ("text,label\na\n", "posts.csv", "line 2: it has not as many columns as line 1"),
        ("text,label\na,b,c\n", "posts.csv", "line 2: it has not as many columns as line 1"),
        ('text,label\n"a,b\n', "posts.csv", "it is not CSV"),
        ("text,topic\na,b\n", "posts.csv", 'line 1: no column is called "label", "labels" or "fractions", the columns'),
    ],
)
def test_a_file_that_cannot_be_measured_on_is_refused_by_its_line(
    tmp_path: Path, content: str, name: str, told: str
) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(LabelledFileError) as refused:
        read(path)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_bytes(b'{"text": "\xff"}')
    with pytest.raises(LabelledFileError, match="is not UTF-8"):
        read(tmp_path / "posts.jsonl")
