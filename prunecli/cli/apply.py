"""`apply`: carry out a plan file - what it shows and nothing else, as far as that is unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prunecli.cli.carry import Job, carry_out
from prunecli.cli.pflag import CommandError, DockerCommand, usage_tail
from prunecli.cli.prune import FORCE, SHOWING, make_options
from prunecli.cli.session import Session
from prunecli.documents import request_document
from prunecli.plan import Plan
from prunecli.units import Instant, human_duration


@click.command(
    "apply",
    cls=DockerCommand,
    params=[click.Argument(["file"], required=False), FORCE, *SHOWING],
    usage_suffix=" [OPTIONS] PLAN",
    arguments=1,
    help="""Carry out a plan that a prune wrote with --plan-out.

    What the plan shows goes if it is still as it was then. What is gone, has changed or is needed by now is named and
    left alone, and nothing outside the plan is touched.
    """,
)
@click.pass_context
def apply_plan(ctx: click.Context, /, file: str | None, **common: Any) -> int:
    """Hold the world to the plan, show what is left of it, ask, and carry it out."""
    from prunecli.cli.plan_io import load
    from prunecli.planfile import check_world, read_plan
    from prunecli.promise import hold_plan

    if file is None:
        raise CommandError(f"{ctx.find_root().info_name}: '{ctx.command_path}' requires 1 argument", usage_tail(ctx), 1)
    session: Session = ctx.obj
    options = make_options("apply", **common)
    plan = read_plan(load(Path(file)), source=file)
    world = session.world()
    now = session.clock.now()
    snapshot = world.snapshot(now)
    check_world(plan, world.name(), snapshot.profile, source=file)
    held = hold_plan(snapshot, plan.plan(snapshot.profile))
    warning = _warning(held.plan, file, now)
    asked = request_document(plan.request, plan.command)
    return carry_out(Job(world, snapshot, held.plan, asked, warning, held.failures), options, session.clock)


def _warning(plan: Plan, file: str, now: Instant) -> str:
    from prunecli.cli.text import counted, listed
    from prunecli.printable import printable

    parts = [counted(len(k.removals), k.kind) for k in plan.kinds if k.removals]
    age = human_duration(max(now - plan.taken_at, 0)).lower()
    what = listed(parts) or "nothing"
    return f"WARNING! This will remove {what}, as planned {age} ago in {printable(file)}.\n"
