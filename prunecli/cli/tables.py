"""The groups below the root, each a table of commands that are imported when asked for."""

from __future__ import annotations

import click

from prunecli.cli.groups import Entry, LazyGroup


def _group(name: str, help: str, table: dict[str, Entry]) -> click.Command:
    return LazyGroup(name, table=table, help=help)


system = _group(
    "system",
    "Everything at once: prune all kinds, measure them, follow what happens.",
    {
        "prune": Entry("prune:system_prune", "Remove what is unused, of every kind"),
        "df": Entry("df:system_df", "Show what takes space, and what could come back"),
        "events": Entry("events:events", "Replay the journal of events, then follow it live"),
    },
)
container = _group("container", "Containers.", {"prune": Entry("prune:container_prune", "Remove stopped containers")})
image = _group("image", "Images.", {"prune": Entry("prune:image_prune", "Remove unused images")})
network = _group("network", "Networks.", {"prune": Entry("prune:network_prune", "Remove unused networks")})
volume = _group("volume", "Volumes.", {"prune": Entry("prune:volume_prune", "Remove unused volumes")})
builder = _group(
    "builder",
    "The build cache.",
    {
        "prune": Entry("prune:builder_prune", "Remove build cache"),
        "du": Entry("du:builder_du", "Show the records of the build cache and what they take"),
    },
)
gc = _group(
    "gc",
    "Garbage collection of the build cache: the policies of daemon.json and buildkitd.toml.",
    {
        "policy": Entry("gc:gc_policy", "Show the rules that hold, and where their numbers come from"),
        "run": Entry("gc:gc_run", "Run the rules once"),
        "watch": Entry("gc:gc_watch", "Run the rules whenever the cache grew"),
        "simulate": Entry("gc:gc_simulate", "Play a workload against a policy"),
    },
)
state = _group(
    "state",
    "The state store: the world that prunecli works on when no live Engine is named.",
    {
        "import": Entry("state:state_import", "Replace the store's contents by an Engine dump"),
        "export": Entry("state:state_export", "Print the store's contents as an Engine dump"),
        "pull": Entry("state_pull:state_pull", "Replace the store's contents by what a live Engine holds"),
        "add": Entry("state_add:state_add", "Add a single object"),
        "check": Entry("state:state_check", "Check that the store is whole"),
        "demo": Entry("state:state_demo", "Load the example of Docker's prune events"),
    },
)
