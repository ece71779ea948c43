"""Real Engines for tests: asked over their own API, without prunecli, so that it cannot deceive itself."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound

IMAGE = "busybox:latest"
APPLETS = ("sh", "truncate", "ls", "cat", "sleep", "true", "dd", "mkdir", "rm")


def endpoints() -> dict[str, str]:
    """Return the Engines to test by name: `PRUNECLI_TEST_ENGINES` is `name=url` or `url`, separated by blanks."""
    found: dict[str, str] = {}
    for word in os.environ.get("PRUNECLI_TEST_ENGINES", "").split():
        name, equals, url = word.partition("=")
        found[name if equals else word] = url if equals else word
    return found


@dataclass(frozen=True)
class Census:
    """What an Engine holds: the ids of each kind, and the tags of each image."""

    ids: Mapping[str, frozenset[str]]
    tags: Mapping[str, frozenset[str]]

    def lost(self, after: Census) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
        """Return what is not there any more: ids by kind, and tags that images which stay have lost."""
        ids = {kind: set(there - after.ids[kind]) for kind, there in self.ids.items()}
        tags = {id: lost for id, there in self.tags.items() if (lost := set(there - after.tags.get(id, there)))}
        return ids, tags


@dataclass
class Engine:
    """One real Engine; `binary` is the docker command line for builds with BuildKit, empty where there is none."""

    name: str
    url: str
    client: Any = field(init=False)
    binary: str = field(init=False)
    _environment: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._environment = _environment(self.url)  # before a test hides the user's settings
        self.client = docker.DockerClient(base_url=self.url, version="auto", timeout=120)
        self.binary = self._find_builder()

    @property
    def api(self) -> Any:
        """The client for single requests."""
        return self.client.api

    @property
    def containerd(self) -> bool:
        """Whether its images live in the containerd store."""
        status = self.client.info().get("DriverStatus") or []
        return ["driver-type", "io.containerd.snapshotter.v1"] in status

    @property
    def api_version(self) -> tuple[int, int]:
        """The newest API version that it speaks."""
        major, _, minor = str(self.client.version()["ApiVersion"]).partition(".")
        return int(major), int(minor)

    def census(self) -> Census:
        """Return what is there now."""
        images = self.api.get(f"{self._base}/images/json", params={"all": 1}).json()
        df = self._disk_usage()
        ids = {
            "container": frozenset(c["Id"] for c in self.api.containers(all=True)),
            "network": frozenset(n["Id"] for n in self.api.networks()),
            "volume": frozenset(v["Name"] for v in self.api.volumes()["Volumes"] or []),
            "image": frozenset(i["Id"] for i in images),
            "build-cache": frozenset(r["ID"] for r in df.get("BuildCache") or []),
        }
        return Census(ids, {i["Id"]: _tags(i) for i in images})

    def _disk_usage(self) -> Any:
        """Return `df`; some Engines fail when a snapshot vanishes while they measure."""
        for _ in range(20):
            with contextlib.suppress(NotFound):
                return self.api.df()
            time.sleep(0.1)
        return self.api.df()

    @property
    def _base(self) -> str:
        return f"{self.api.base_url}/v{self.api._version}"

    def post(self, path: str, **query: str) -> Any:
        """Send a request that changes something; returns its JSON."""
        answer = self.api.post(f"{self._base}{path}", params=query)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def events(self, since: float, until: float) -> list[dict[str, Any]]:
        """Return what the Engine told between two instants, in seconds."""
        bounds = {"since": f"{since:.9f}", "until": f"{until:.9f}"}
        answer = self.api.get(f"{self._base}/events", params=bounds)
        return [json.loads(line) for line in answer.text.splitlines() if line.strip()]

    # Making a state

    def reset(self) -> None:
        """Remove everything, and put the base image back."""
        for container in self.api.containers(all=True):
            with contextlib.suppress(APIError):
                self.api.remove_container(container["Id"], v=True, force=True)
        self.post("/build/prune", all="1")
        for image in self.api.get(f"{self._base}/images/json", params={"all": 1}).json():
            with contextlib.suppress(APIError):
                self.api.remove_image(image["Id"], force=True)
        self.post("/images/prune", filters='{"dangling":["false"]}')
        self.post("/build/prune", all="1")
        for volume in self.api.volumes()["Volumes"] or []:
            self.api.remove_volume(volume["Name"])
        self.post("/networks/prune")
        self.api.import_image_from_data(root_tar(), repository="busybox", tag="latest", changes=['CMD ["sh"]'])

    def build(self, dockerfile: str, *, tag: str = "", cache_only: bool = False) -> bool:
        """Build from an inline Dockerfile with BuildKit through the docker command line; returns whether it worked."""
        words = [self.binary, "build", "-q", *(["-t", tag] if tag else [])]
        words += ["--output", "type=cacheonly"] if cache_only else []
        built = subprocess.run(
            [*words, "-"],
            input=dockerfile,
            text=True,
            capture_output=True,
            env=self._environment,
            timeout=120,
            check=False,
        )
        return built.returncode == 0

    def build_in_steps(self, dockerfile: str, *, tag: str = "") -> bool:
        """Build with the legacy builder, over the API alone: each step leaves an image; returns whether it worked."""
        try:
            for line in self.api.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag or None, rm=True, decode=True):
                if "error" in line:
                    return False
        except APIError:
            return False
        return True

    def _find_builder(self) -> str:
        binary = shutil.which(os.environ.get("PRUNECLI_TEST_DOCKER", "docker"))
        if binary is None:
            return ""
        asked = subprocess.run(
            [binary, "buildx", "version"], capture_output=True, env=self._environment, timeout=60, check=False
        )
        return binary if asked.returncode == 0 else ""


def _environment(url: str) -> dict[str, str]:
    """Return the environment of the docker command line: the plugin's folder is wherever the user has it."""
    config = os.environ.get("PRUNECLI_TEST_DOCKER_CONFIG") or os.environ.get("DOCKER_CONFIG")
    home = os.environ.get("HOME", "/")
    given = {"PATH": os.environ["PATH"], "HOME": home, "DOCKER_HOST": url, "DOCKER_BUILDKIT": "1"}
    kept = {key: os.environ[key] for key in ("BUILDX_CONFIG",) if key in os.environ}
    return given | kept | ({"DOCKER_CONFIG": config} if config else {})


def _tags(image: Mapping[str, Any]) -> frozenset[str]:
    """Return an image's tags; digests are none of their own here, as nothing is pulled: some Engines derive them."""
    return frozenset(tag for tag in image.get("RepoTags") or [] if tag != "<none>:<none>")


def root_tar() -> bytes:
    """Return the root of the base image: a static busybox, from `PRUNECLI_TEST_IMAGE` or this machine's own."""
    given = os.environ.get("PRUNECLI_TEST_IMAGE")
    if given:
        return Path(given).read_bytes()
    binary = shutil.which("busybox")
    assert binary, "tests on real Engines need a static busybox, or PRUNECLI_TEST_IMAGE"
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        folder = tarfile.TarInfo("bin")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        tar.add(binary, "bin/busybox")
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    return made.getvalue()


@dataclass(frozen=True)
class Ran:
    """What a run of prunecli said; `document` is its stdout as JSON."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The JSON on stdout."""
        assert self.stdout, self.stderr
        return json.loads(self.stdout)


def prunecli(*words: str, input: str = "", env: Mapping[str, str] | None = None, timeout: float = 300) -> Ran:
    """Run prunecli as a program of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "PRUNECLI_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "prunecli", *words],
        input=input,
        text=True,
        capture_output=True,
        env={**clean, "DOCKER_CONFIG": "/nonexistent", **(env or {})},
        timeout=timeout,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def on(engine: Engine, *words: str, **more: Any) -> Ran:
    """Run prunecli on an Engine."""
    return prunecli("-H", engine.url, *words, **more)


Argv = Sequence[str]
