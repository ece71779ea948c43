#!/usr/bin/env bash
# A clean-up job as somebody would write it: every prune command, its exit codes, and its JSON through jq.
# It prints what it found, one fact on a line; any surprise ends it.
set -euo pipefail

reclaimed() { jq -er '.format + " " + (.reclaimed | tostring)'; }

# Is there anything to do? 10 says yes, 0 says no, and everything else is a mistake.
code=0
prunecli system prune --dry-run --exit-code >/dev/null 2>&1 || code=$?
echo "anything to do: $code"
[ "$code" -eq 10 ]

# What would go, and what stays, by name.
prunecli container prune --dry-run --format json 2>/dev/null |
    jq -r '.kinds.container | "containers: \(.removed | map(.name) | sort | join(" ")), kept: \(.kept | map(.name + " (" + .reason + ")") | join(" "))"'

# Each kind by itself; with --force nothing is asked.
for kind in container network volume image builder; do
    echo "$kind: $(prunecli "$kind" prune --force --format json | reclaimed)"
done

# Wider: named volumes, images with tags.
echo "volumes, all: $(prunecli volume prune --all --force --format json | reclaimed)"
echo "images, all: $(prunecli image prune --all --force --format json | reclaimed)"

# The build cache down to a limit, by both names of the command.
prunecli state add cache old --size 40MB --used 30h --uses 1
prunecli state add cache new --size 30MB --used 1h --uses 9
echo "cache: $(prunecli buildx prune --max-used-space 50MB --force --format json | jq -r '[.kinds["build-cache"].removed[].id] | join(" ")')"

# A plan, looked at and applied.
prunecli state add container leftover --size 5MB
prunecli container prune --plan-out plan.json >/dev/null 2>&1
jq -e '.plan.format == "prunecli-plan/v1"' plan.json >/dev/null
echo "applied: $(prunecli apply --force --format json plan.json | reclaimed)"

# Declining is no failure, and removes nothing.
prunecli state add container again
echo n | prunecli container prune >/dev/null
[ "$(prunecli container prune --dry-run --format json 2>/dev/null | jq '.kinds.container.removed | length')" -eq 1 ]
echo "declined: $?"

# Mistakes: a flag that cannot be read is 125, a filter that is refused is 1, and neither removes anything.
for arguments in "--nonsense" "--filter label" "--filter nonsense=1"; do
    code=0
    # shellcheck disable=SC2086 # these are several words
    prunecli system prune --force $arguments >/dev/null 2>&1 || code=$?
    echo "$arguments: $code"
done

# In the end nothing is left to do, and every prune has left its event.
prunecli system prune --all --volumes --force >/dev/null
prunecli system prune --all --volumes --dry-run --exit-code >/dev/null 2>&1
echo "left: $?"
sleep 1.1 # the end of a stretch of events is a whole second
prunecli events --since 1h --until 0s --filter event=prune --format json |
    jq -rs 'group_by(.Type) | map("\(.[0].Type) \(length)") | "events: " + join(", ")'
