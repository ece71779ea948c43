"""How every prune command runs: photograph, plan, and hand the plan over to be shown, asked about and carried out."""

from __future__ import annotations

from dataclasses import replace

from prunecli.backends import SelfPruning
from prunecli.cli import prompt
from prunecli.cli.carry import Job, carry_out
from prunecli.cli.options import Options
from prunecli.cli.session import Session, local_utc_offset
from prunecli.documents import Circumstances, request_document
from prunecli.errors import PrunecliError
from prunecli.info import PruneRequest
from prunecli.plan import Plan
from prunecli.profile import Profile, format_api
from prunecli.pruning import plan_on
from prunecli.verdict import Kind


def run_prune(session: Session, request: PruneRequest, options: Options) -> int:
    """Carry out one prune command and return its exit code."""
    world = session.world()
    snapshot = world.snapshot(session.clock.now())
    profile = snapshot.profile.speaking(session.api(snapshot.profile))
    request = _gate(request, profile, options, session.api_text(profile))
    utc_offset = local_utc_offset(snapshot.taken_at)
    plan = plan_on(snapshot, request, utc_offset=utc_offset, api=profile.api)
    remark(plan, session)

    def plan_file(about: Circumstances) -> bytes:
        from prunecli.planfile import PlanFile, write_plan

        file = PlanFile.of(plan, request, options.command, about.world, api=profile.api, utc_offset=utc_offset)
        return write_plan(file, plan, about, snapshot)

    warning = prompt.warning(request, profile, system=options.command == "system prune")
    asked = request_document(request, options.command)
    pruner = None
    if isinstance(world, SelfPruning) and not options.exact:
        pruner = world.native(plan, request.filters, wait=options.wait)
    job = Job(world, snapshot, plan, asked, warning, plan_file=plan_file, pruner=pruner)
    return carry_out(job, options, session.clock)


def _gate(request: PruneRequest, profile: Profile, options: Options, api: str) -> PruneRequest:
    """Refuse in Docker's words what the API version, `api` as typed, does not know, and leave out what docker does."""
    first = {"builder prune": (1, 39)}.get(options.command, (1, 25))
    if profile.api < first:
        raise PrunecliError(
            f"prunecli {options.command} requires API version {format_api(first)}, "
            f"but the Docker daemon API version is {api}"
        )
    needs = [
        ("--filter", (1, 28), options.command == "system prune" and bool(request.filters.values)),
        ("--all", (1, 42), options.command == "volume prune" and request.all),
        ("--max-used-space", (1, 48), request.max_used_space is not None),
        ("--min-free-space", (1, 48), request.min_free_space is not None),
    ]
    for flag, version, used in needs:
        if used and profile.api < version:
            raise PrunecliError(
                f'"{flag}" requires API version {format_api(version)}, but the Docker daemon API version is {api}'
            )
    if options.command == "system prune" and not profile.prunes_build_cache:
        return replace(request, kinds=tuple(k for k in request.kinds if k is not Kind.BUILD_CACHE))
    return request


def remark(plan: Plan, session: Session) -> None:
    """Say on stderr what a user would not expect of this plan."""
    for kind_plan in plan.kinds:
        if kind_plan.kind is Kind.BUILD_CACHE and kind_plan.info.unlabelled:
            session.warn(
                "build cache carries no labels, so the filter `label` matches none of it: no record is removed"
            )
