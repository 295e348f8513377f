"""The list of failpoints is complete: read from the code itself, not from memory."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.failpoints import Commit, Word

ROOT = Path(__file__).parents[2]
ENGINE_ROOM = ROOT / "storage" / "database.py"
"""Where a transaction is made out of what the others hand over."""

WRITERS = {"database", "_database"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("bot", "storage"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST, *names: str) -> Iterator[tuple[ast.Call, str]]:
    """Calls of methods of these names, each with the last word of what it is called on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
            yield node, last_word(node.func.value)


def last_word(node: ast.expr) -> str:
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Subscript(value=value):
            return last_word(value)
    return ""


def writes() -> list[tuple[str, list[str]]]:
    """Every call that writes: where it stands, and the commits that it names."""
    found = []
    for path, tree in sources():
        if path == ENGINE_ROOM:
            continue
        for call, receiver in calls(tree, "transaction", "execute"):
            assert isinstance(call.func, ast.Attribute)
            if call.func.attr == "transaction" or receiver in WRITERS:
                found.append((f"{path.relative_to(ROOT)}:{call.lineno}", commits_in(call)))
    return found


def commits_in(call: ast.Call) -> list[str]:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [
        value.attr
        for value in given
        if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id == "Commit"
    ]


def test_every_transaction_of_the_program_names_its_commit() -> None:
    found = writes()
    assert len(found) >= len(Commit)
    assert [place for place, commits in found if len(commits) != 1] == []


def test_every_commit_that_has_a_name_is_made_somewhere() -> None:
    assert {commit for _, commits in writes() for commit in commits} == {commit.name for commit in Commit}


def test_nobody_but_the_database_opens_a_connection_that_writes() -> None:
    openers = {path for path, tree in sources() for _ in calls(tree, "writer_engine", "begin")}
    assert openers == {ENGINE_ROOM}


def test_each_word_with_a_chat_is_said_in_one_place() -> None:
    said = Counter(word for word, _, _ in words())
    assert said == {word.value: 1 for word in Word}


@pytest.mark.parametrize("word", Word)
def test_the_failpoints_of_a_word_stand_around_it(word: Word) -> None:
    ((function, line),) = [(function, line) for said, function, line in words() if said == word]
    assert [at for at in reached(function, "before", word) if at < line]
    assert [at for at in reached(function, "after", word) if at > line]


def words() -> list[tuple[str, ast.AST, int]]:
    """Every word that the program has with a platform: which, in which function, and on which line."""
    found: list[tuple[str, ast.AST, int]] = []
    for _, tree in sources():
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            for call, receiver in calls(function, *Word):
                assert isinstance(call.func, ast.Attribute)
                if receiver.lstrip("_") in {"platform", "platforms"}:
                    found.append((call.func.attr, function, call.lineno))
    return found


def reached(function: ast.AST, side: str, word: Word) -> list[int]:
    """The lines on which `failpoints.reach(failpoints.<side>(Word.<word>))` stands."""
    wanted = f"failpoints.reach(failpoints.{side}(Word.{word.name}))"
    return [node.lineno for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node) == wanted]
