"""The served shape: docker-compose.yml is read by Docker Compose's own parser, and has no default secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attain.settings import PROJECT_ROOT

COMPOSE = shutil.which("docker-compose", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(COMPOSE is None, reason="the compose parser is locked for Linux on x86-64 only")


def config(env_file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(COMPOSE), "--env-file", str(env_file), "config", *options]
    return subprocess.run(command, cwd=PROJECT_ROOT, env={}, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = subprocess.run(["sh", "deploy/make_env.sh"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    path = tmp_path_factory.mktemp("compose") / "made.env"
    path.write_text(made.stdout, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def project(env_file: Path) -> dict[str, Any]:
    parsed = config(env_file, "--format", "json")
    # The packaged parser answers 0 even when it refuses; what it refuses it does not print.
    assert parsed.stdout, parsed.stderr
    return dict(json.loads(parsed.stdout))


def test_all_services_are_there(project: dict[str, Any]) -> None:
    assert set(project["services"]) == {"postgres", "prepare", "api-server", "scheduler", "dag-processor", "triggerer"}


def test_each_secret_is_asked_for_by_name(env_file: Path, tmp_path: Path) -> None:
    lines = env_file.read_text(encoding="utf-8").splitlines()
    assert len(lines) >= 8
    for line in lines:
        name = line.partition("=")[0]
        without = tmp_path / f"{name}.env"
        without.write_text("\n".join(other for other in lines if other != line), encoding="utf-8")
        refused = config(without)
        assert not refused.stdout, f"compose starts without {name}"
        assert f"required variable {name} is missing" in refused.stderr


def test_no_secret_is_written_down(env_file: Path) -> None:
    text = (PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|KEY)\w*)", text):
        assert f"${{{name}:?" in text, f"{name} has a default"
        assert not re.search(rf"\${{{name}:-", text), f"{name} has a default"


def test_made_secrets_are_new_each_time(env_file: Path) -> None:
    again = subprocess.run(["sh", "deploy/make_env.sh"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert not set(again.stdout.splitlines()) & set(env_file.read_text(encoding="utf-8").splitlines())


def test_ports_are_open_on_this_machine_only(project: dict[str, Any]) -> None:
    ports = [port for service in project["services"].values() for port in service.get("ports", [])]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_files_that_compose_mounts_exist(project: dict[str, Any]) -> None:
    for service in project["services"].values():
        for volume in service.get("volumes", []):
            source = Path(volume["source"])
            if volume["type"] == "bind" and source.name != "inbox":
                assert source.exists(), source
