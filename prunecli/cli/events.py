"""`events`: the journal replayed, then followed live.

Source: `cli-and-api.md` 7 of the specification.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from prunecli.cli.formats import contained
from prunecli.cli.pflag import DockerCommand, Flag, Text
from prunecli.cli.session import Session, local_utc_offset
from prunecli.cli.signals import watch_signals
from prunecli.errors import RefusedError, TemplateError
from prunecli.events import Event, EventFilter, event_json, event_line
from prunecli.filters import Filters
from prunecli.printable import printable
from prunecli.units import Instant, event_bound, parse_event_bound

if TYPE_CHECKING:
    from prunecli.gotemplate import Struct

BAD_TEMPLATE = 64


class EventTemplateError(TemplateError):
    """A template that events cannot be shown with; Docker ends with a code of its own."""

    exit_code = BAD_TEMPLATE


def _check_filter(text: str) -> None:
    Filters.from_flags([text])


@click.command(
    "events",
    cls=DockerCommand,
    aliases=("system events", "events"),
    params=[
        Flag(
            ["-f", "--filter"],
            type=Text("filter", _check_filter),
            multiple=True,
            help="Show only events that match (e.g. event=prune)",
        ),
        Flag(["--format"], type=Text("string"), help="'json', or a Go template for each event"),
        Flag(["--since"], type=Text("string"), help="Begin with what happened since this timestamp or duration ago"),
        Flag(["--until"], type=Text("string"), help="End at this timestamp or duration ago"),
    ],
    help="""Replay the journal of events, then follow it live.

    Without --since and --until, what happens from now on is shown until the command is interrupted, or the store is
    removed or replaced by another one.
    """,
)
@click.pass_obj
def events(session: Session, filter: tuple[str, ...], format: str | None, since: str | None, until: str | None) -> int:
    """Print the events that match, one on a line, as they are known."""
    render = make_renderer(format)
    wanted = EventFilter.parse(Filters.from_flags(filter))
    now = session.clock.now()
    first, last = (_bound(text, now) for text in (since, until))
    if first is not None and last is not None and first > last:
        raise RefusedError(
            f"`since` time ({_seconds(since, now)}) cannot be after `until` time ({_seconds(until, now)})"
        )
    world = session.world()
    with watch_signals() as interrupts:
        for event in world.events(first, last, follow=lambda: not interrupts):
            if wanted.match(event):
                sys.stdout.write(render(event))
                sys.stdout.flush()
        return 128 + interrupts.number if interrupts else 0


def make_renderer(format: str | None) -> Callable[[Event], str]:
    """Return what turns an event into its line.

    Raises EventTemplateError for a template that does not parse, or does not fit an event.
    """
    if not format:
        return lambda event: event_line(event, local_utc_offset) + "\n"
    from prunecli.gotemplate import go_json, parse

    if format == "json":
        return lambda event: contained(go_json(_as_struct(event), escape_html=False), "") + "\n"
    try:
        template = parse(format)
        template.execute(_as_struct(Event("", "", 0)))
    except TemplateError as e:
        raise EventTemplateError(f"Error parsing format: {e}") from e
    return lambda event: contained(template.execute(_as_struct(event)), format) + "\n"


def _as_struct(event: Event) -> Struct:
    """Return the event as Docker's templates see it, with unsafe characters spelt out.

    Its JSON keeps them, and the order of Docker's fields.
    """
    from prunecli.gotemplate import Struct, typed

    said = event_json(event, legacy=True)
    document = {key: printable(value) if isinstance(value, str) else value for key, value in said.items()}
    attributes = typed(dict(event.attributes), "map[string]string")
    spelt = typed({printable(k): printable(v) for k, v in event.attributes.items()}, "map[string]string")
    actor = Struct(
        "events.Actor",
        {"ID": printable(event.actor_id), "Attributes": spelt},
        json_value={"ID": event.actor_id, "Attributes": attributes},
    )
    fields = {
        "Status": document.get("status", ""),
        "ID": document.get("id", ""),
        "From": document.get("from", ""),
        "Type": printable(event.type),
        "Action": printable(event.action),
        "Actor": actor,
        "Scope": printable(event.scope),
        "Time": event.at // 10**9,
        "TimeNano": event.at,
    }
    return Struct("*events.Message", fields, json_value=said | {"Actor": actor})


def _bound(text: str | None, now: Instant) -> Instant | None:
    if not text:
        return None
    return parse_event_bound(event_bound(text, now, utc_offset=local_utc_offset(now)))


def _seconds(text: str | None, now: Instant) -> str:
    return event_bound(text or "", now, utc_offset=local_utc_offset(now))
