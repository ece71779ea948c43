"""The pages: what the table of commands knows, in the order of a manual, with the prose that it cannot know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from prunecli import __version__
from prunecli.completion import values
from prunecli.completion.tree import Command, Option
from tests.manual.roff import body, escaped, prose, prose_cell, table

HERE = Path(__file__).parent
PAGES = HERE / "pages"
DATE = "2026-11-21"

_UNITS = {
    "size": "Bytes, or a number with a unit: b, k, m, g, t or p, binary, with or without a b or ib behind it.",
    "duration": "A duration: a number with a unit (s, m, h), several in a row.",
    "age": "A duration: a number with a unit (s, m, h, d, w), several in a row.",
}
_NAMING_A_WORLD = ("PRUNECLI_WORLD", "PRUNECLI_STORE", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
_ON_A_WORLD = (*_NAMING_A_WORLD, "PRUNECLI_NOW", "TZ", "DOCKER_API_VERSION", "DOCKER_CONFIG")
_ON_THE_STORE = ("PRUNECLI_STORE", "XDG_STATE_HOME", "PRUNECLI_NOW")
_FILES = """
~/.local/state/prunecli/state.db
: The default state store.

~/.config/prunecli/world
: The name of a world that `prunecli use` keeps.

~/.docker/config.json
: The Docker client's configuration: `pruneFilters`, and the current context.
"""


def documents() -> dict[str, str]:
    """Map the name of each source of prose to its text."""
    return {path.stem: path.read_text() for path in sorted(PAGES.glob("*.md"))}


def definitions(name: str) -> dict[str, str]:
    """Return what stands below each `## heading` of a file beside the pages."""
    parts = re.split(r"^## (.+)$", (HERE / name).read_text(), flags=re.MULTILINE)[1:]
    return {head.strip(): text.strip() for head, text in zip(parts[::2], parts[1::2], strict=True)}


def environment() -> dict[str, str]:
    """Map each variable to its definition."""
    found = re.findall(r"^([A-Z_]+)\n: (.+)$", (HERE / "environment.md").read_text(), flags=re.MULTILINE)
    return dict(found)


def lookup(known: Mapping[str, str], command: str, name: str) -> str:
    """Return what is said of an option or a key: for this command, for its group, or for all; empty for nothing."""
    command = values.canonical(command)
    while command:
        if f"{command} {name}" in known:
            return known[f"{command} {name}"]
        command = command.rpartition(" ")[0]
    return known.get(name, "")


def manual(root: Command) -> dict[str, str]:
    """Map the file name of every page to its text."""
    prose_of = documents()
    pages = {f"{page_name(c)}.1": _page(root, c, prose_of) for c in root.walk()}
    pages["prunecli-gc.5"] = _policy_page(prose_of["gc.5"])
    return pages


def page_name(command: Command) -> str:
    """Return the name of a command's page: `prunecli-system-prune`."""
    return "-".join(("prunecli", *command.path))


def _page(root: Command, command: Command, prose_of: Mapping[str, str]) -> str:
    original = values.canonical(command.name)
    if original != command.name:
        return _alias(command, original)
    sections = _sections(prose_of.get(command.name.replace(" ", "-") or "prunecli", ""))
    summary = command.summary.rstrip(".")
    parts = [
        _head(page_name(command), 1),
        _name(page_name(command), summary[0].lower() + summary[1:]),
        f".SH SYNOPSIS\n{_synopsis(command)}",
        f".SH DESCRIPTION\n{body(sections.pop('Description', command.text))}",
    ]
    if command.commands:
        parts.append(f".SH COMMANDS\n{_commands(command)}")
    parts.append(f".SH OPTIONS\n{_options(command)}")
    if original in values.FILTERS:
        parts.append(f".SH FILTERS\n{_filters(original)}")
    last = {name: sections.pop(name, "") for name in ("Exit status", "Examples", "Differences from Docker")}
    parts += [f".SH {_title(name)}\n{body(text)}" for name, text in sections.items()]
    if last["Exit status"]:
        parts.append(f".SH EXIT STATUS\n{body(last['Exit status'])}")
    if not command.commands or not command.path:
        parts.append(f".SH ENVIRONMENT\n{_environment(command)}")
        parts.append(f".SH FILES\n{body(_FILES)}")
    for name in ("Examples", "Differences from Docker"):
        if last[name]:
            parts.append(f".SH {_title(name)}\n{body(last[name])}")
    parts.append(f".SH SEE ALSO\n{_see_also(root, command)}")
    return "\n".join(parts) + "\n"


def _policy_page(text: str) -> str:
    sections = _sections(text)
    parts = [_head("prunecli-gc", 5), _name("prunecli-gc", "policies of garbage collection for the build cache")]
    parts += [f".SH {_title(name)}\n{body(text)}" for name, text in sections.items()]
    return "\n".join([*parts, ".SH SEE ALSO", _references(["prunecli-gc(1)", "prunecli-builder-prune(1)"])]) + "\n"


def _alias(command: Command, original: str) -> str:
    page = f"prunecli-{original.replace(' ', '-')}"
    return "\n".join(
        [
            _head(page_name(command), 1),
            _name(page_name(command), f"another name of {page}"),
            f".SH SYNOPSIS\n{_synopsis(command)}",
            f".SH DESCRIPTION\n{prose(f'The same as `prunecli {original}`, with the same options.')}",
            f".SH SEE ALSO\n{_references([f'{page}(1)'])}",
            "",
        ]
    )


def _head(name: str, section: int) -> str:
    return f'\'\\" t\n.TH {name.upper().replace("-", chr(92) + "-")} {section} {DATE} "prunecli {__version__}"'


def _name(name: str, summary: str) -> str:
    return f".SH NAME\n{escaped(name)} \\-\n{prose(summary)}"


def _title(name: str) -> str:
    upper = name.upper()
    return f'"{upper}"' if " " in upper else upper


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^# (.+)$", text, flags=re.MULTILINE)[1:]
    return {head.strip(): body for head, body in zip(parts[::2], parts[1::2], strict=True)}


def _synopsis(command: Command) -> str:
    words = " ".join(("prunecli", *command.path))
    usage = command.usage or (" [OPTIONS]" if command.options else "")
    if not command.path:
        return f"\\fB{escaped(words)}\\fR [\\fIoptions\\fR] \\fIcommand\\fR ..."
    shown = usage.replace("[OPTIONS]", "[\\fIoptions\\fR]").replace("COMMAND", "\\fIcommand\\fR ...")
    shown = re.sub(r"\b([A-Z]{2,})\b", lambda m: f"\\fI{m[1].lower()}\\fR", shown)
    if "[" not in shown and len(command.options) > 1 and not command.commands:
        shown = f" [\\fIoptions\\fR]{shown}"
    return f"\\fB{escaped(words)}\\fR{shown}"


def _commands(command: Command) -> str:
    rows = [f".TP\n\\fB{escaped(page_name(c))}\\fR(1)\n{prose(c.summary)}" for c in command.commands]
    return "\n".join(rows)


def _options(command: Command) -> str:
    known = definitions("options.md")
    return "\n".join(_option(command, option, lookup(known, command.name, option.long)) for option in command.options)


def _option(command: Command, option: Option, text: str) -> str:
    del command
    names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in sorted(option.names, key=len))
    if option.metavar:
        value = f"\\fI{escaped(option.metavar)}\\fR"
        names += f"[={value}]" if option.optional else f" {value}"
    told = [text or option.summary]
    kind, _, words = option.values.partition(" ")
    told.append(_UNITS.get(kind, ""))
    if kind == "words" and option.long not in ("--host", "--api-version"):
        shown = " ".join(f"`{word}`" for word in words.split())
        told.append(f"Values: {shown}.")
    if option.default:
        told.append(f"Default: `{option.default}`.")
    if option.repeatable and "repeated" not in text and "several" not in text.lower():
        told.append("May be repeated.")
    return f".TP\n{names}\n{prose(' '.join(part for part in told if part))}"


def _filters(command: str) -> str:
    known = definitions("filters.md")
    rows = [["Filter", "What matches"]]
    rows += [[f"`{key}=`", lookup(known, command, key)] for key in sorted(values.FILTERS[command])]
    return table(rows)


def _environment(command: Command) -> str:
    known = environment()
    if not command.path:
        names = list(known)
    elif command.path[0] in ("completion", "plugin"):
        names = ["DOCKER_CONFIG"]
    elif command.path[0] == "use":
        names = [*_NAMING_A_WORLD, "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"]
    elif command.path[0] == "state":
        names = [
            *_ON_THE_STORE,
            *(("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG") if "pull" in command.path else ()),
        ]
    elif command.path[0] == "serve":
        names = [*_ON_THE_STORE, "XDG_RUNTIME_DIR"]
    elif command.path[0] == "demo":
        names = ["PRUNECLI_NOW", "TZ"]
    else:
        names = list(_ON_A_WORLD)
    rows = [f".TP\n{name}\n{prose_cell(known[name])}" for name in names]
    return "\n".join([*rows, *([] if not command.path else [f".PP\n{prose('The others stand in prunecli(1).')}"])])


def _see_also(root: Command, command: Command) -> str:
    names = [] if not command.path else ["prunecli(1)"]
    parents = [c for c in root.walk() if c.path and c.path == command.path[:-1]]
    names += [f"{page_name(c)}(1)" for c in parents]
    siblings = [c for c in root.walk() if len(c.path) == 2 and c.path[-1] == "prune" and c.path[0] != "buildx"]
    if command.path[-1:] == ("prune",):
        names += [f"{page_name(c)}(1)" for c in siblings if c != command]
        names.append("prunecli-apply(1)")
    if command.path[:1] == ("gc",):
        names.append("prunecli-gc(5)")
    if not command.path:
        names += [f"{page_name(c)}(1)" for c in siblings]
    return _references(names or ["prunecli(1)"])


def _references(names: list[str]) -> str:
    shown = [f"\\fB{escaped(name[:-3])}\\fR{name[-3:]}" for name in names]
    return ",\n".join(shown)
