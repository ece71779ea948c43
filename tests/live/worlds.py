"""Random states of a real Engine, and random prunes of them: the same seed makes the same ones.

Objects are made over the API. Builds need BuildKit's session, so they go through the docker command line with its
buildx plugin; without these the legacy builder stands in, and leaves images in the place of cache records.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from docker.errors import APIError

from tests.live.engines import IMAGE, Engine

_LABELS = (("keep", ("true", "no")), ("env", ("ci", "prod")), ("temp", ("",)))


@dataclass
class World:
    """One state in the making."""

    engine: Engine
    rng: Random
    images: list[str] = field(default_factory=lambda: [IMAGE])
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    number: int = 0

    def populate(self, steps: int) -> None:
        """Make so many things, one after the other, with instants in between that an `until` may name."""
        ways: list[Callable[[], object]] = [self.network, self.volume, self.volume, self.nameless_volume]
        ways += [self.container] * 3 + [self.image] * 3 + [self.volume_with_options]
        ways += [lambda: self.build(self.name("img") + ":v1"), lambda: self.build("")]
        for _ in range(steps):
            self.rng.choice(ways)()
            if self.rng.random() < 0.25:
                time.sleep(0.02)
                self.marks.append(time.time_ns())
                time.sleep(0.02)

    def name(self, kind: str) -> str:
        """Return a name that is not taken."""
        self.number += 1
        return f"{kind}{self.number}"

    def labels(self) -> dict[str, str]:
        """Return some labels, or none."""
        return {key: self.rng.choice(values) for key, values in _LABELS if self.rng.random() < 0.35}

    def network(self) -> None:
        """Make a network."""
        name = self.name("net")
        self.engine.api.create_network(name, labels=self.labels(), check_duplicate=True)
        self.networks.append(name)

    def volume(self) -> None:
        """Make a volume with a name."""
        name = self.name("vol")
        self.engine.api.create_volume(name, labels=self.labels())
        self.volumes.append(name)

    def nameless_volume(self) -> None:
        """Make a volume as an Engine names it."""
        self.engine.api.create_volume(labels=self.labels())

    def volume_with_options(self) -> None:
        """Make a volume that is not on this disk."""
        self.engine.api.create_volume(self.name("optvol"), driver_opts={"type": "tmpfs", "device": "tmpfs"})

    def container(self) -> None:
        """Make a container: created, ended well or badly, running or paused."""
        r, api = self.rng, self.engine.api
        binds = [f"{r.choice(self.volumes)}:/data"] if self.volumes and r.random() < 0.5 else []
        nameless = ["/anon"] if r.random() < 0.3 else []
        network = r.choice(self.networks) if self.networks and r.random() < 0.5 else None
        size = r.choice([0, 1, 64, 700])
        script = "; ".join(
            f"dd if=/dev/zero of={path}/f bs=1024 count={count} 2>/dev/null"
            for path, count in (("", size), ("/data", size), ("/anon", 3))
        )
        end = r.choice(["created", "true", "true", "sleep 100000", "exit 3", "paused"])
        rest = "sleep 100000" if end == "paused" else end
        container = api.create_container(
            r.choice(self.images),
            ["sh", "-c", f"{script}; {'true' if end == 'created' else rest}"],
            name=self.name("c"),
            labels=self.labels(),
            volumes=[*nameless, *(["/data"] if binds else [])],
            host_config=api.create_host_config(binds=binds, network_mode=network or "bridge"),
        )
        if end == "created":
            return
        api.start(container)
        if rest.startswith("sleep"):
            time.sleep(0.15)
        else:
            api.wait(container)
        if end == "paused":
            api.pause(container)

    def image(self) -> None:
        """Make an image in one of many shapes: another tag, a commit, a dangling one, a build, a tag that moves."""
        r = self.rng
        way = r.choice(["tag", "tag", "commit", "dangling", "build", "build", "steps", "retag", "again"])
        tag = f"{self.name('img')}:{r.choice(['latest', 'v1', 'v2'])}"
        if way == "tag":
            self._tag(r.choice(self.images), tag)
        elif way in ("commit", "dangling"):
            self._commit(tag if way == "commit" else "")
        elif way == "build":
            self.build(tag)
        elif way == "steps":
            self._build_in_steps(tag if r.random() < 0.7 else "")
        elif way == "retag" and len(self.images) > 1:
            self._tag(r.choice(self.images), r.choice(self.images[1:]))
        else:
            self._tag(IMAGE, tag)

    def _tag(self, source: str, tag: str) -> None:
        repository, _, version = tag.rpartition(":")
        self.engine.api.tag(source, repository, version)
        if tag not in self.images:
            self.images.append(tag)

    def _commit(self, tag: str) -> None:
        r, api, name = self.rng, self.engine.api, self.name("tmp")
        command = f"dd if=/dev/zero of=/{name} bs=1024 count={r.choice([1, 200, 900])} 2>/dev/null"
        container = api.create_container(r.choice(self.images), ["sh", "-c", command], name=name)
        api.start(container)
        api.wait(container)
        repository, _, version = tag.rpartition(":")
        label = f"LABEL env={r.choice(['ci', 'prod'])}" if r.random() < 0.5 else None
        api.commit(container, repository=repository or None, tag=version or None, changes=label)
        if tag:
            self.images.append(tag)
        if r.random() < 0.8:
            api.remove_container(container)

    def build(self, tag: str) -> None:
        """Build an image, or cache alone, from a random Dockerfile."""
        if not self.engine.binary:
            self._build_in_steps(tag)
            return
        r = self.rng
        lines = self._stages() if r.random() < 0.4 else self._steps()
        tagged = bool(tag) and r.random() < 0.75
        cache_only = not tagged and r.random() < 0.3 and self.engine.api_version > (1, 41)
        self._built(self.engine.build(lines, tag=tag if tagged else "", cache_only=cache_only), tag if tagged else "")

    def _build_in_steps(self, tag: str) -> None:
        r = self.rng
        lines = [f"FROM {r.choice(self.images)}"]
        for _ in range(r.randint(1, 3)):
            lines.append(
                r.choice([f"ENV A={r.randint(0, 3)}", f"RUN dd if=/dev/zero of=/s{r.randint(0, 3)} bs=1024 count=20"])
            )
        self._built(self.engine.build_in_steps("\n".join(lines) + "\n", tag=tag), tag)

    def _built(self, worked: bool, tag: str) -> None:
        if not worked or not tag:
            return
        try:
            self.engine.api.inspect_image(tag)
        except APIError:
            return
        self.images.append(tag)

    def _steps(self) -> str:
        r = self.rng
        lines = [f"FROM {r.choice(self.images)}"]
        for _ in range(r.randint(1, 4)):
            lines.append(
                r.choice(
                    [
                        f"RUN dd if=/dev/zero of=/b{r.randint(0, 5)} bs=1024 count={r.choice([1, 30, 400, 2000])}",
                        "RUN dd if=/dev/zero of=/same bs=1024 count=100",
                        f"ENV A={r.randint(0, 3)}",
                        f"LABEL env={r.choice(['ci', 'prod'])}",
                        f"RUN --mount=type=cache,target=/cc,id=cc{r.randint(0, 2)} "
                        f"dd if=/dev/zero of=/cc/x bs=1024 count={r.choice([10, 500])}",
                    ]
                )
            )
        return "\n".join(lines) + "\n"

    def _stages(self) -> str:
        r = self.rng
        lines = [
            f"FROM {r.choice(self.images)} AS one",
            f"RUN dd if=/dev/zero of=/one bs=1024 count={r.choice([5, 60, 300])}",
        ]
        lines += ["WORKDIR /w", f"FROM {r.choice(self.images)} AS two"]
        for _ in range(r.randint(1, 4)):
            lines.append(
                r.choice(
                    [
                        "COPY --from=one /one /from-one",
                        f"RUN --mount=type=cache,target=/cc,id=w{r.randint(0, 1)} "
                        "dd if=/dev/zero of=/cc/y bs=1024 count=50",
                        f"ARG V={r.randint(0, 2)}",
                        f"RUN --mount=type=bind,from=one,source=/one,target=/in cat /in > /copied{r.randint(0, 2)}",
                        "WORKDIR /deep/er",
                        f"RUN rm -f /one; dd if=/dev/zero of=/two bs=1024 count={r.choice([1, 90])}",
                        f"LABEL keep={r.choice(['true', 'no'])}",
                    ]
                )
            )
        return "\n".join(lines) + "\n"


def command(world: World) -> list[str]:
    """Return a random prune for a state, without `--force`."""
    r, newer = world.rng, world.engine.api_version >= (1, 42)
    labels = [
        "keep=true",
        "env=ci",
        "env",
        "missing",
        "!keep",
        "!env=prod",
        "!temp",
        "!keep=true",
        "!env=ci",
        "!missing",
    ]
    kind = r.choice(["system"] * 4 + ["container", "image", "image", "network", "volume", "builder", "builder"])
    words: list[str] = []
    volumes = kind == "system" and r.random() < 0.5
    if kind != "builder" and r.random() < 0.3:
        for label in r.sample(labels, r.choice([1, 1, 2])):
            words += ["--filter", f"label!={label[1:]}" if label.startswith("!") else f"label={label}"]
    may_date = kind in ("container", "image", "network") or (kind == "system" and not volumes and newer)
    if world.marks and may_date and r.random() < 0.4:
        words += ["--filter", f"until={_stamp(r.choice(world.marks), r)}"]
    if kind in ("system", "image", "builder") and r.random() < 0.65:
        words.append("-a")
    if kind == "volume" and newer and r.random() < 0.6:
        words += r.choice([["-a"], ["--filter", "all=1"]])
    if kind == "builder":
        words += _builder_words(r, newer=newer)
    return [kind, "prune", *words, *(["--volumes"] if volumes else [])]


def _builder_words(r: Random, *, newer: bool) -> list[str]:
    words: list[str] = []
    chance = r.random()
    if chance < 0.25:
        words += ["--filter", r.choice(["type=regular", "type=exec.cachemount", "type=source.local", "type!=regular"])]
    elif chance < 0.5:
        words += ["--filter", "until=" + r.choice(["0s", "1s", "3s", "1h"])]
    if r.random() < 0.45:
        words += ["--keep-storage", r.choice(["1B", "100KB", "300kb", "1MB", "2mb", "10GB"])]
    elif newer and r.random() < 0.5:
        words += ["--max-used-space", r.choice(["50KB", "600KB", "2.5mb"])]
    return words


def _stamp(at: int, r: Random) -> str:
    moment = datetime.fromtimestamp(at // 10**9, UTC)
    if r.random() < 0.6:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 10**9:09d}Z"
    return f"{at // 10**9}.{at % 10**9:09d}"
