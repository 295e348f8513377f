"""The image and its compose file agree with the program. (No engine builds them here.)"""

import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from bot.web.server import WebServer
from tests.acceptance.program import environment

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE = ("compose.yaml", "compose.cuda.yaml")
SETTINGS = {name.upper() for name in Settings.model_fields}
OF_OTHERS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HF_HOME"}
"""What the image tells others than Lapwing."""

OF_BOTO3 = {"AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Region and credentials are found by boto3 itself."""


@dataclass(frozen=True)
class Instruction:
    """One of a Dockerfile, its continued lines joined."""

    word: str
    rest: str


def instructions() -> list[list[Instruction]]:
    """Those of each stage."""
    text = DOCKER.joinpath("Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    stages: list[list[Instruction]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stages.append([])
        if word:
            stages[-1].append(Instruction(word, rest.strip()))
    return stages


def of(word: str) -> list[str]:
    """What the image that runs says by this word."""
    return [one.rest for one in instructions()[-1] if one.word == word]


def variables() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(of("ENV"))))


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    found = yaml.safe_load(DOCKER.joinpath(name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def service() -> dict[str, Any]:
    return dict(compose()["services"]["lapwing"])


def example() -> dict[str, str]:
    """Every variable that .env.example names, commented out or not."""
    text = DOCKER.joinpath(".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.MULTILINE))


def is_sent_to_the_builder(path: str) -> bool:
    """By .dockerignore; the last line that fits decides, and a folder stands for what is in it."""
    sent = True
    for line in ROOT.joinpath(".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [path, *map(str, PurePosixPath(path).parents), *(PurePosixPath(path).parts if "**/" in line else ())]
        if line and not line.startswith("#") and any(fnmatch(part, pattern) for part in parts if part != "."):
            sent = line.startswith("!")
    return sent


def test_the_dockerfile_is_made_of_known_instructions() -> None:
    known = {"FROM", "ARG", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE"}
    known |= {"STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {one.word for stage in instructions() for one in stage} <= known


def test_what_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    copied = {path for one in instructions()[0] if one.word == "COPY" for path in one.rest.split()[:-1]}
    for path in copied:
        assert ROOT.joinpath(path).exists(), path
        assert is_sent_to_the_builder(path), path
    packages = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    assert {name.rstrip("*") for name in packages["include"]} <= copied


@pytest.mark.parametrize("path", ["docker/.env", ".env", "lapwing.db", ".git/config", "tests/conftest.py", ".venv/x"])
def test_no_token_no_database_and_no_test_is_sent_to_the_builder(path: str) -> None:
    assert not is_sent_to_the_builder(path)


def test_caches_stay_behind() -> None:
    assert is_sent_to_the_builder("bot/app.py")
    assert not is_sent_to_the_builder("bot/__pycache__/app.cpython-311.pyc")


def test_git_never_takes_the_tokens() -> None:
    assert ".env" in ROOT.joinpath(".gitignore").read_text().splitlines()


def test_the_shells_of_the_build_understand_every_step() -> None:
    for stage in instructions():
        for one in stage:
            if one.word == "RUN":
                subprocess.run(["sh", "-n", "-c", one.rest], check=True)


def test_the_image_sets_only_settings_that_there_are() -> None:
    assert set(variables()) - OF_OTHERS <= SETTINGS
    taken = {name.lower(): value for name, value in variables().items() if name in SETTINGS}
    assert Settings.model_validate(taken).http_port == 8080


def test_the_image_runs_as_nobody_in_particular_and_keeps_its_database_in_the_volume() -> None:
    assert of("USER") == ["10001:10001"]
    assert of("VOLUME") == [str(Path(variables()["DATABASE"]).parent)]
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(of("ENTRYPOINT")[0]) + json.loads(of("CMD")[0]) == ["lapwing", "run"]
    assert of("EXPOSE") == [variables()["HTTP_PORT"]]


def test_the_image_keeps_no_tool_of_the_build() -> None:
    assert all(one.word != "RUN" or "pip" not in one.rest for one in instructions()[-1])
    assert any("--without-pip" in one.rest for one in instructions()[0])


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers each GET of /healthz so, and all else with 404."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def health_check(port: int, **more: str) -> int:
    """The status of the image's own check."""
    program, *arguments = json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert program == "python"
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment(http_port=port, **more),
        timeout=30,
        capture_output=True,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize(("status", "ends"), [(200, 0), (503, 1), (404, 1)])
def test_the_health_check_tells_the_well_from_the_ill(status: int, ends: int) -> None:
    with answering(status) as port:
        assert health_check(port) == ends


def test_the_health_check_fails_where_nobody_answers_and_asks_no_proxy() -> None:
    with answering(200) as port:
        assert health_check(port, http_proxy="http://127.0.0.1:9") == 0
    assert health_check(port) == 1


def test_the_health_check_waits_longer_than_the_server_takes_to_know() -> None:
    (check,) = of("HEALTHCHECK")
    defaults = WebServer.__init__.__kwdefaults__
    assert defaults is not None
    assert int(re.findall(r"--timeout=(\d+)s", check)[0]) > defaults["answer_within_s"]


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_names_a_dockerfile_and_arguments_that_there_are(name: str) -> None:
    build = compose(name)["services"]["lapwing"]["build"]
    if "dockerfile" in build:
        assert DOCKER.joinpath(build["context"], build["dockerfile"]).is_file()
    arguments = {one.rest.partition("=")[0] for stage in instructions() for one in stage if one.word == "ARG"}
    assert set(build.get("args", {})) <= arguments


def test_compose_asks_for_the_tokens_of_neither_chat_since_either_will_do() -> None:
    assert "${" not in DOCKER.joinpath("compose.yaml").read_text()
    assert service()["env_file"] == ".env"
    assert "environment" not in service(), "what stands there wins over .env"


def test_the_image_brings_both_chats() -> None:
    (extras,) = {found for one in instructions()[0] for found in re.findall(r"'\.\[([a-z,]+)\]'", one.rest)}
    assert {"discord", "slack"} <= set(extras.split(","))


def test_without_any_chat_a_container_says_what_is_missing_instead_of_starting_for_ever(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        env=environment(database=tmp_path / "a.db", classifier="null"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("lapwing: No chat is set up, and nobody can type here. Set DISCORD_TOKEN, or ")


def test_compose_keeps_the_database_in_a_named_volume_and_nothing_else_can_be_written() -> None:
    (mounted,) = service()["volumes"]
    volume, _, folder = mounted.partition(":")
    assert volume in compose()["volumes"]
    assert [folder] == of("VOLUME")
    assert service()["read_only"] is True
    assert service()["tmpfs"] == ["/tmp"]


def test_compose_starts_lapwing_again_and_gives_it_time_to_end() -> None:
    assert service()["restart"] == "unless-stopped"
    assert service()["stop_grace_period"] == "30s", "App.stop promises 25 s"


def test_the_example_names_settings_that_there_are_and_holds_no_token() -> None:
    assert set(example()) <= SETTINGS | OF_BOTO3
    assert {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN"} <= set(example())
    assert not any(value for name, value in example().items() if name.startswith(("SLACK", "DISCORD")))


def test_every_library_that_is_asked_for_is_pinned() -> None:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["project"]
    asked = list(chain(project["dependencies"], *project["optional-dependencies"].values()))
    names = {re.split(r"[\[<>=]", one)[0] for one in asked} - {"lapwing"}
    pinned = {
        line.partition("==")[0]
        for line in DOCKER.joinpath("constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    }
    assert {plain(name) for name in names} <= {plain(name) for name in pinned}


def plain(library: str) -> str:
    """One spelling for a library's name."""
    return re.sub(r"[-_.]+", "-", library).lower()
