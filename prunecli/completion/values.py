"""Where the values of options, filters and arguments come from.

A source is a line of words:

| source | offers |
|---|---|
| (nothing) | nothing: a person has to think of it |
| `words a b c` | these words; one that ends with `=`, `:` or `/` is not the end of a value |
| `file`, `dir` | names of files, of directories |
| `size` | after a number, the units of sizes |
| `duration` | after a number, the units of Go's durations |
| `age` | after a number, the units that people use: days and weeks too |
| `names WHAT` | what the store holds, see `prunecli.complete` |
| `filter COMMAND` | the filter keys of a command, then `=`, then the values of that key |
"""

from __future__ import annotations

SIZE_UNITS = ("kB", "MB", "GB", "TB")
DURATION_UNITS = ("s", "m", "h")
AGE_UNITS = ("s", "m", "h", "d", "w")

BOOL = "words true false"
RECORD_TYPES = "words regular source.local source.git.checkout exec.cachemount frontend internal"
EVENT_TYPES = "words builder config container daemon image network node plugin secret service volume"
EVENT_ACTIONS = (
    "words create start restart stop checkpoint pause unpause attach detach resize update rename kill die oom destroy"
    " remove commit top copy archive-path extract-to-dir export import save load tag untag push pull prune delete"
    " enable disable connect disconnect reload mount unmount exec_create exec_start exec_die exec_detach health_status"
)
"""Source: `cli-and-api.md` 10.1 of the specification."""

_EVERYTHING = ("container", "network", "volume", "image")


def _labels(*kinds: str) -> dict[str, str]:
    what = "names " + ",".join(f"{kind}.label" for kind in kinds)
    return {"label": what, "label!": what}


def _aged(*kinds: str) -> dict[str, str]:
    return _labels(*kinds) | {"until": "age"}


_CACHE = {
    "description": "",
    "description!": "",
    "description~": "",
    "id": "names build-cache",
    "id!": "names build-cache",
    "id~": "",
    "inuse": "",
    "parent": "names build-cache",
    "private": "",
    "shared": "",
    "type": RECORD_TYPES,
    "type!": RECORD_TYPES,
    "type~": "",
    "unused-for": "age",
    "until": "age",
}

FILTERS: dict[str, dict[str, str]] = {
    "system prune": _aged(*_EVERYTHING),
    "container prune": _aged("container"),
    "network prune": _aged("network"),
    "volume prune": _labels("volume") | {"all": BOOL},
    "image prune": _aged("image"),
    "builder prune": _CACHE | {"label": "", "label!": ""},
    "builder du": {key.replace("parent", "parents"): source for key, source in _CACHE.items()},
    "events": {
        "config": "",
        "container": "names container,container.id",
        "daemon": "",
        "event": EVENT_ACTIONS,
        "image": "names image,image.id",
        "label": "names container.label,network.label,volume.label,image.label",
        "network": "names network,network.id",
        "node": "",
        "plugin": "",
        "scope": "words local swarm",
        "secret": "",
        "service": "",
        "type": EVENT_TYPES,
        "volume": "names volume",
    },
}
"""The filter keys of each command that has any, and where the values of each come from."""

ALIASES = {"buildx": "builder", "system events": "events"}
"""Commands that are other commands under another name."""

_BY_METAVAR = {"bytes": "size", "file": "file", "path": "file", "directory": "dir", "duration": "age", "bool": BOOL}

_OPTIONS: dict[str, str] = {
    "--api-version": "words 1.24 1.30 1.31 1.39 1.40 1.41 1.42 1.43 1.44 1.45 1.46 1.47 1.48 1.49 1.50 1.51",
    "--context": "names context",
    "--endpoint": "names container",
    "--host": "words fd:// ssh:// tcp:// unix://",
    "--image": "names image",
    "--image-id": "names image.id",
    "--log-level": "words debug info warn error fatal panic",
    "--since": "age",
    "--sort": "words age name size",
    "--state": "words created running paused restarting removing exited dead",
    "--type": RECORD_TYPES,
    "--summary": "words full short",
    "--until": "age",
    "--volume": "names volume",
    "--worker": "words containerd oci",
    "builder du --format": "words json pretty table",
    "container prune --explain": "names container,container.id",
    "events --format": "words json",
    "gc run --explain": "names build-cache",
    "gc simulate --format": "words csv json text",
    "image prune --explain": "names image,image.id",
    "network prune --explain": "names network,network.id",
    "builder prune --explain": "names build-cache",
    "state add cache --parent": "names build-cache",
    "state add image --parent": "names image",
    "system df --format": "words json raw table",
    "volume prune --explain": "names volume",
    "--explain": "names container,container.id,network,network.id,volume,image,image.id,build-cache",
    "--format": "words json text",
}
"""Sources that do not follow from the word for the value: by command and option, or by option alone."""

NOTHING_TO_OFFER = frozenset(
    {
        "--builds-per-day",
        "--days",
        "--description",
        "--disk",
        "--driver",
        "--gc-keepstorage",
        "--label",
        "--layer",
        "--option",
        "--seed",
        "--uses",
    }
)
"""Options whose values only a person can know."""

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "apply": ("file",),
    "state import": ("file",),
    "use": ("names world",),
}
"""The sources of positional words."""


def canonical(name: str) -> str:
    """Return the name under which a command is known here: `builder prune` for `buildx prune`."""
    for alias, original in ALIASES.items():
        if name == alias or name.startswith(f"{alias} "):
            return original + name[len(alias) :]
    return name


def source_of(command: str, option: str, metavar: str) -> str | None:
    """Return the source of an option's values, None when nobody has said."""
    command = canonical(command)
    if option == "--filter" and command in FILTERS:
        return f"filter {command}"
    for key in (f"{command} {option}".strip(), option):
        if key in _OPTIONS:
            return _OPTIONS[key]
    if option in NOTHING_TO_OFFER:
        return ""
    return _BY_METAVAR.get(metavar)
