"""Go's text templates as far as Docker's `--format` goes, with its functions and in its words.

```python
template = parse("{{.Type}}: {{.Actor.ID}}")
template.execute(Struct("*events.Message", {"Type": "container", "Actor": Struct("events.Actor", {"ID": "3f9c"})}))
```

Data are `Struct`, `dict` (a map with string keys), `list` or `tuple`, `str`, `int`, `float`, `bool` and None, and what
`typed` gives; None is a nil inside an interface, and prints as `<no value>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from prunecli.errors import TemplateError
from prunecli.gotemplate.budget import Budget
from prunecli.gotemplate.execute import Execution
from prunecli.gotemplate.functions import DOCKER_FUNCTIONS, GO_FUNCTIONS, HEADER_FUNCTIONS
from prunecli.gotemplate.gojson import go_json
from prunecli.gotemplate.literals import quote as go_quote
from prunecli.gotemplate.parser import Trees, parse_trees
from prunecli.gotemplate.values import Struct, typed

__all__ = ["Struct", "Template", "TemplateError", "go_json", "go_quote", "parse", "typed"]

_FUNCTIONS = {**GO_FUNCTIONS, **DOCKER_FUNCTIONS}
_HEADER_FUNCTIONS = {**GO_FUNCTIONS, **HEADER_FUNCTIONS}


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template, which can be executed any number of times, on one `budget` for text and work."""

    text: str
    name: str
    trees: Trees
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)

    def execute(self, data: object) -> str:
        """Return the template filled in; `TemplateError` with Go's words where it does not fit the data."""
        out, error = self.run(data)
        if error is not None:
            raise error
        return out

    def run(self, data: object) -> tuple[str, TemplateError | None]:
        """Return what was written, and the mistake that ended it early, if any.

        Source: `docker system df -v --format` has shown what came before the mistake.
        """
        execution = Execution(self.text, self.name, self.trees, _FUNCTIONS, self.budget)
        try:
            execution.run(data)
        except TemplateError as error:
            return "".join(execution.out), error
        return "".join(execution.out), None

    def header(self, columns: Mapping[str, str]) -> str:
        """Return a table's header row: each field replaced by its column's name, functions left out but for padding.

        A mistake ends the row where it is, as in Docker.
        """
        execution = Execution(self.text, self.name, self.trees, _HEADER_FUNCTIONS, self.budget)
        with suppress(TemplateError):
            execution.run(typed(columns, "formatter.SubHeaderContext"))
        return "".join(execution.out)


def parse(text: str, *, name: str = "") -> Template:
    """Return the template, ready to execute; `TemplateError` with Go's bare words (`template: :1: ...`) on a mistake.

    Source: Go 1.24 `text/template`, with the functions of docker/cli 28.
    """
    return Template(text, name, parse_trees(text, name=name, functions=_FUNCTIONS.keys()))
