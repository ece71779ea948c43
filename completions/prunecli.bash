# prunecli completion for bash
# Written by the program itself (`prunecli completion bash`) from its table of commands: change that instead.

# The commands of a group.
__prunecli_commands() {
    table=()
    case "$1" in
        '') table=(
            'apply:Carry out a plan that was written with --plan-out'
            'builder:Prune and measure the build cache'
            'buildx:Another name for builder'
            'completion:Print the script that teaches a shell to complete prunecli'
            'container:Prune stopped containers'
            'demo:See every step of a prune in a throw-away store'
            'events:Replay the journal of events, then follow it live'
            'gc:Collect build cache garbage by the rules of a policy'
            'image:Prune unused images'
            'network:Prune unused networks'
            'plugin:Make `docker prunecli` work, or undo it'
            'serve:Serve the store as a Docker Engine API on a unix socket'
            'state:Load, save and inspect the state store'
            'system:Prune everything unused, measure disk usage, follow events'
            'use:Name the world to work on once for all, or say which one it is'
            'volume:Prune unused volumes'
        ) ;;
        'builder'|'buildx') table=(
            'du:Show the records of the build cache and what they take'
            'prune:Remove build cache'
        ) ;;
        'completion') table=(
            'bash:The script for bash'
            'fish:The script for fish'
            'zsh:The script for zsh'
        ) ;;
        'container') table=(
            'prune:Remove stopped containers'
        ) ;;
        'gc') table=(
            'policy:Show the rules that hold, and where their numbers come from'
            'run:Run the rules once'
            'simulate:Play a workload against a policy'
            'watch:Run the rules whenever the cache grew'
        ) ;;
        'image') table=(
            'prune:Remove unused images'
        ) ;;
        'network') table=(
            'prune:Remove unused networks'
        ) ;;
        'plugin') table=(
            'install:Link it into Docker'\''s configuration'
            'remove:Take the link away'
        ) ;;
        'state') table=(
            'add:Add a single object'
            'check:Check that the store is whole'
            'demo:Load the example of Docker'\''s prune events'
            'export:Print the store'\''s contents as an Engine dump'
            'import:Replace the store'\''s contents by an Engine dump'
            'pull:Replace the store'\''s contents by what a live Engine holds'
        ) ;;
        'state add') table=(
            'cache:Add a build cache record'
            'container:Add a container'
            'image:Add an image with its layers'
            'network:Add a network'
            'volume:Add a volume'
        ) ;;
        'system') table=(
            'df:Show what takes space, and what could come back'
            'events:Replay the journal of events, then follow it live'
            'prune:Remove what is unused, of every kind'
        ) ;;
        'volume') table=(
            'prune:Remove unused volumes'
        ) ;;
    esac
}

# The options of a command, in all their forms.
__prunecli_options() {
    table=()
    case "$1" in
        '') table=(
            '--api-version:Speak this API version, like $DOCKER_API_VERSION'
            '--config:Docker'\''s client configuration, for its pruneFilters'
            '--context:Work on the live Engine of this Docker context'
            '-c:Work on the live Engine of this Docker context'
            '--engine:Work on the live Engine that docker itself would use'
            '--host:Work on the live Engine at this address'
            '-H:Work on the live Engine at this address'
            '--log-level:How much goes to stderr: debug, info, warn, error, fatal'
            '-l:How much goes to stderr: debug, info, warn, error, fatal'
            '--store:State store to work on (default $PRUNECLI_STORE, else in the user'\''s state directory)'
            '--tls:Use TLS for an Engine on TCP'
            '--tlscacert:Trust certificates that this CA signed'
            '--tlscert:Certificate that says who we are'
            '--tlskey:Key of that certificate'
            '--tlsverify:Use TLS and check who the Engine is'
            '--tlsverify=:Use TLS and check who the Engine is'
            '--version:Print the version and quit'
            '-v:Print the version and quit'
            '--help:Show the help of this command'
        ) ;;
        'apply') table=(
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--help:Show the help of this command'
        ) ;;
        'builder'|'buildx'|'completion'|'completion bash'|'completion fish'|'completion zsh'|'container'|'demo'|'gc'|'image'|'network'|'plugin'|'plugin install'|'plugin remove'|'state'|'state add'|'state check'|'state demo'|'state export'|'state import'|'system'|'volume') table=(
            '--help:Show the help of this command'
        ) ;;
        'builder du'|'buildx du') table=(
            '--filter:Show only records that match (e.g. type=regular, id~=^abc)'
            '--format:'\''table'\'', '\''pretty'\'', '\''json'\'', '\''table TEMPLATE'\'', or a Go template for each record'
            '--verbose:The same as --format pretty'
            '--help:Show the help of this command'
        ) ;;
        'builder prune'|'buildx prune') table=(
            '--all:Also take internal, frontend and shared records'
            '-a:Also take internal, frontend and shared records'
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exact:Live Engine: remove what the plan shows one by one, not by its own prune'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--filter:Narrow what goes (e.g. until=24h)'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--keep-storage:Old name of --reserved-space'
            '--max-used-space:Shrink the build cache until it takes less than this'
            '--min-free-space:Shrink the build cache until the disk has this much free'
            '--plan-out:Write the plan to a file for `apply`, and remove nothing'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--reserved-space:Keep this much build cache, whatever else is asked'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--wait:Live Engine: wait this long while another prune runs (e.g. 30s)'
            '--help:Show the help of this command'
        ) ;;
        'container prune'|'network prune') table=(
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exact:Live Engine: remove what the plan shows one by one, not by its own prune'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--filter:Narrow what goes (e.g. until=24h)'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--plan-out:Write the plan to a file for `apply`, and remove nothing'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--wait:Live Engine: wait this long while another prune runs (e.g. 30s)'
            '--help:Show the help of this command'
        ) ;;
        'events'|'system events') table=(
            '--filter:Show only events that match (e.g. event=prune)'
            '-f:Show only events that match (e.g. event=prune)'
            '--format:'\''json'\'', or a Go template for each event'
            '--since:Begin with what happened since this timestamp or duration ago'
            '--until:End at this timestamp or duration ago'
            '--help:Show the help of this command'
        ) ;;
        'gc policy') table=(
            '--config:Read the policy from this daemon.json or buildkitd.toml; - is stdin'
            '--disk:Disk below the cache, as 252GB:30GB'
            '--format:Show as text or json'
            '--gc-keepstorage:BuildKit'\''s own rules with reserved[,free[,maximum]] in MB, as buildkitd'\''s worker flag takes them'
            '--max-used-space:Make the default rules with this ceiling for the cache'
            '--min-free-space:Make the default rules with this much of the disk left free'
            '--reserved-space:Make the default rules with this much that is never pruned away'
            '--worker:Worker of a buildkitd.toml: oci or containerd'
            '--help:Show the help of this command'
        ) ;;
        'gc run') table=(
            '--brief:With --format json: leave out what is kept'
            '--config:Read the policy from this daemon.json or buildkitd.toml; - is stdin'
            '--disk:Disk below the cache, as 252GB:30GB'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--gc-keepstorage:BuildKit'\''s own rules with reserved[,free[,maximum]] in MB, as buildkitd'\''s worker flag takes them'
            '--max-used-space:Make the default rules with this ceiling for the cache'
            '--min-free-space:Make the default rules with this much of the disk left free'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--reserved-space:Make the default rules with this much that is never pruned away'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--worker:Worker of a buildkitd.toml: oci or containerd'
            '--help:Show the help of this command'
        ) ;;
        'gc simulate') table=(
            '--builds-per-day:Builds on each day'
            '--config:Read the policy from this daemon.json or buildkitd.toml; - is stdin'
            '--days:Days to play'
            '--disk:Disk below the cache, as 252GB:30GB'
            '--format:Print a table (with bars on a terminal), csv or json'
            '--gc-keepstorage:BuildKit'\''s own rules with reserved[,free[,maximum]] in MB, as buildkitd'\''s worker flag takes them'
            '--max-used-space:Make the default rules with this ceiling for the cache'
            '--min-free-space:Make the default rules with this much of the disk left free'
            '--reserved-space:Make the default rules with this much that is never pruned away'
            '--seed:What chance is made from'
            '--worker:Worker of a buildkitd.toml: oci or containerd'
            '--help:Show the help of this command'
        ) ;;
        'gc watch') table=(
            '--config:Read the policy from this daemon.json or buildkitd.toml; - is stdin'
            '--disk:Disk below the cache, as 252GB:30GB'
            '--gc-keepstorage:BuildKit'\''s own rules with reserved[,free[,maximum]] in MB, as buildkitd'\''s worker flag takes them'
            '--interval:Run at least this often, even when the cache did not grow'
            '--max-used-space:Make the default rules with this ceiling for the cache'
            '--min-free-space:Make the default rules with this much of the disk left free'
            '--reserved-space:Make the default rules with this much that is never pruned away'
            '--worker:Worker of a buildkitd.toml: oci or containerd'
            '--help:Show the help of this command'
        ) ;;
        'image prune') table=(
            '--all:Also take images that have a tag, if no container uses them'
            '-a:Also take images that have a tag, if no container uses them'
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exact:Live Engine: remove what the plan shows one by one, not by its own prune'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--filter:Narrow what goes (e.g. until=24h)'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--plan-out:Write the plan to a file for `apply`, and remove nothing'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--wait:Live Engine: wait this long while another prune runs (e.g. 30s)'
            '--help:Show the help of this command'
        ) ;;
        'serve') table=(
            '--socket:Where to listen (default in $XDG_RUNTIME_DIR)'
            '--help:Show the help of this command'
        ) ;;
        'state add cache') table=(
            '--created:How long ago it was made (e.g. 36h)'
            '--description:What made it'
            '--in-use:A running build holds it'
            '--mutable:It can be written: a local source or a cache mount'
            '--parent:Id of a record it builds on'
            '--shared:It shares its layer with an image'
            '--size:What it takes on disk (e.g. 5MB)'
            '--type:One of regular, source.local, source.git.checkout, exec.cachemount, frontend, internal'
            '--used:How long ago it was used last (default: never)'
            '--uses:How often it was used'
            '--help:Show the help of this command'
        ) ;;
        'state add container') table=(
            '--created:How long ago it was made (e.g. 36h)'
            '--image:Text it was created from (default busybox)'
            '--image-id:Id of its image (default: that of an image added under this name)'
            '--label:Label, key or key=value'
            '--size:What it takes on disk (e.g. 5MB)'
            '--state:One of created, running, paused, restarting, removing, exited, dead'
            '--volume:Name of a volume it mounts'
            '--help:Show the help of this command'
        ) ;;
        'state add image') table=(
            '--created:How long ago it was made (e.g. 36h)'
            '--label:Label, key or key=value'
            '--layer:Layer NAME:SIZE, bottom first (e.g. base:5MB)'
            '--parent:Reference under which its parent was added'
            '--untagged:Leave it without a reference: a dangling image'
            '--help:Show the help of this command'
        ) ;;
        'state add network') table=(
            '--created:How long ago it was made (e.g. 36h)'
            '--driver:Driver'
            '--endpoint:Name of a container that is attached now'
            '--label:Label, key or key=value'
            '--help:Show the help of this command'
        ) ;;
        'state add volume') table=(
            '--anonymous:Make it one that nobody gave a name'
            '--created:How long ago it was made (e.g. 36h)'
            '--driver:Driver'
            '--label:Label, key or key=value'
            '--option:Driver option, key=value'
            '--size:What it takes on disk (e.g. 5MB)'
            '--help:Show the help of this command'
        ) ;;
        'state pull') table=(
            '--output:Write a dump (engine-dump/v1) instead; - writes it to stdout'
            '-o:Write a dump (engine-dump/v1) instead; - writes it to stdout'
            '--help:Show the help of this command'
        ) ;;
        'system df') table=(
            '--format:'\''table'\'', '\''table TEMPLATE'\'', '\''json'\'', '\''raw'\'', or a Go template for each line'
            '--verbose:Show every image, container, volume and cache record'
            '-v:Show every image, container, volume and cache record'
            '--help:Show the help of this command'
        ) ;;
        'system prune') table=(
            '--all:Also take unused images that have a tag, and internal and shared build cache'
            '-a:Also take unused images that have a tag, and internal and shared build cache'
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exact:Live Engine: remove what the plan shows one by one, not by its own prune'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--filter:Narrow what goes (e.g. label=<key>=<value>)'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--plan-out:Write the plan to a file for `apply`, and remove nothing'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--volumes:Also take anonymous volumes that no container mounts'
            '--wait:Live Engine: wait this long while another prune runs (e.g. 30s)'
            '--help:Show the help of this command'
        ) ;;
        'use') table=(
            '--clear:Forget the world that is kept'
            '--help:Show the help of this command'
        ) ;;
        'volume prune') table=(
            '--all:Also take volumes that a person gave a name'
            '-a:Also take volumes that a person gave a name'
            '--brief:With --format json: leave out what is kept'
            '--dry-run:Print what would be reported, and remove nothing'
            '--exact:Live Engine: remove what the plan shows one by one, not by its own prune'
            '--exit-code:With --dry-run: exit 10 when something would go, 0 when nothing would'
            '--explain:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--explain=:Show every object with why it goes or stays; with a name, tag or id all about that one'
            '--filter:Narrow what goes (e.g. label=<key>)'
            '--force:Do not ask, go on'
            '-f:Do not ask, go on'
            '--format:Report as text or json'
            '--plan-out:Write the plan to a file for `apply`, and remove nothing'
            '--quiet:Report the total alone'
            '-q:Report the total alone'
            '--sort:Explain by size, age or name'
            '--summary:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--summary=:Report a table of what went and stayed, kind by kind; --summary=full with every object above it'
            '--wait:Live Engine: wait this long while another prune runs (e.g. 30s)'
            '--help:Show the help of this command'
        ) ;;
    esac
}

# What an option of a command is: its long form, what can be its value, and whether it may be repeated.
__prunecli_option() {
    long= takes= source= again=
    case "$1 $2" in
        ' --config') long=--config takes=value source='dir' ;;
        'apply --explain'|'system prune --explain') long=--explain takes=maybe source='names container,container.id,network,network.id,volume,image,image.id,build-cache' ;;
        'container prune --explain') long=--explain takes=maybe source='names container,container.id' ;;
        'image prune --explain') long=--explain takes=maybe source='names image,image.id' ;;
        'network prune --explain') long=--explain takes=maybe source='names network,network.id' ;;
        'volume prune --explain') long=--explain takes=maybe source='names volume' ;;
        'builder du --format'|'buildx du --format') long=--format takes=value source='words json pretty table' ;;
        'events --format'|'system events --format') long=--format takes=value source='words json' ;;
        'gc simulate --format') long=--format takes=value source='words csv json text' ;;
        'system df --format') long=--format takes=value source='words json raw table' ;;
        'state add image --parent') long=--parent takes=value source='names image' ;;
        'events -f'|'system events -f') long=--filter takes=value source='filter' again=1 ;;
        'system df -v') long=--verbose takes=nothing ;;
        *' --all'|*' -a') long=--all takes=nothing ;;
        *' --anonymous') long=--anonymous takes=nothing ;;
        *' --api-version') long=--api-version takes=value source='words 1.24 1.30 1.31 1.39 1.40 1.41 1.42 1.43 1.44 1.45 1.46 1.47 1.48 1.49 1.50 1.51' ;;
        *' --brief') long=--brief takes=nothing ;;
        *' --builds-per-day') long=--builds-per-day takes=value ;;
        *' --clear') long=--clear takes=nothing ;;
        *' --config') long=--config takes=value source='file' ;;
        *' --context'|*' -c') long=--context takes=value source='names context' ;;
        *' --created') long=--created takes=value source='age' ;;
        *' --days') long=--days takes=value ;;
        *' --description') long=--description takes=value ;;
        *' --disk') long=--disk takes=value ;;
        *' --driver') long=--driver takes=value ;;
        *' --dry-run') long=--dry-run takes=nothing ;;
        *' --endpoint') long=--endpoint takes=value source='names container' again=1 ;;
        *' --engine') long=--engine takes=nothing ;;
        *' --exact') long=--exact takes=nothing ;;
        *' --exit-code') long=--exit-code takes=nothing ;;
        *' --explain') long=--explain takes=maybe source='names build-cache' ;;
        *' --filter') long=--filter takes=value source='filter' again=1 ;;
        *' --force'|*' -f') long=--force takes=nothing ;;
        *' --format') long=--format takes=value source='words json text' ;;
        *' --gc-keepstorage') long=--gc-keepstorage takes=value ;;
        *' --help') long=--help takes=nothing ;;
        *' --host'|*' -H') long=--host takes=value source='words fd:// ssh:// tcp:// unix://' ;;
        *' --image') long=--image takes=value source='names image' ;;
        *' --image-id') long=--image-id takes=value source='names image.id' ;;
        *' --in-use') long=--in-use takes=nothing ;;
        *' --interval') long=--interval takes=value source='age' ;;
        *' --keep-storage') long=--keep-storage takes=value source='size' ;;
        *' --label') long=--label takes=value again=1 ;;
        *' --layer') long=--layer takes=value again=1 ;;
        *' --log-level'|*' -l') long=--log-level takes=value source='words debug info warn error fatal panic' ;;
        *' --max-used-space') long=--max-used-space takes=value source='size' ;;
        *' --min-free-space') long=--min-free-space takes=value source='size' ;;
        *' --mutable') long=--mutable takes=nothing ;;
        *' --option') long=--option takes=value again=1 ;;
        *' --output'|*' -o') long=--output takes=value source='file' ;;
        *' --parent') long=--parent takes=value source='names build-cache' again=1 ;;
        *' --plan-out') long=--plan-out takes=value source='file' ;;
        *' --quiet'|*' -q') long=--quiet takes=nothing ;;
        *' --reserved-space') long=--reserved-space takes=value source='size' ;;
        *' --seed') long=--seed takes=value ;;
        *' --shared') long=--shared takes=nothing ;;
        *' --since') long=--since takes=value source='age' ;;
        *' --size') long=--size takes=value source='size' ;;
        *' --socket') long=--socket takes=value source='file' ;;
        *' --sort') long=--sort takes=value source='words age name size' ;;
        *' --state') long=--state takes=value source='words created running paused restarting removing exited dead' ;;
        *' --store') long=--store takes=value source='file' ;;
        *' --summary') long=--summary takes=maybe source='words full short' ;;
        *' --tls') long=--tls takes=nothing ;;
        *' --tlscacert') long=--tlscacert takes=value source='file' ;;
        *' --tlscert') long=--tlscert takes=value source='file' ;;
        *' --tlskey') long=--tlskey takes=value source='file' ;;
        *' --tlsverify') long=--tlsverify takes=maybe source='words true false' ;;
        *' --type') long=--type takes=value source='words regular source.local source.git.checkout exec.cachemount frontend internal' ;;
        *' --untagged') long=--untagged takes=nothing ;;
        *' --until') long=--until takes=value source='age' ;;
        *' --used') long=--used takes=value source='age' ;;
        *' --uses') long=--uses takes=value ;;
        *' --verbose') long=--verbose takes=nothing ;;
        *' --version'|*' -v') long=--version takes=nothing ;;
        *' --volume') long=--volume takes=value source='names volume' again=1 ;;
        *' --volumes') long=--volumes takes=nothing ;;
        *' --wait') long=--wait takes=value source='age' ;;
        *' --worker') long=--worker takes=value source='words containerd oci' ;;
    esac
}

# The filter keys of a command.
__prunecli_filter_keys() {
    table=()
    case "$1" in
        'events'|'system events') table=(
            'config='
            'container='
            'daemon='
            'event='
            'image='
            'label='
            'network='
            'node='
            'plugin='
            'scope='
            'secret='
            'service='
            'type='
            'volume='
        ) ;;
        'builder prune'|'buildx prune') table=(
            'description='
            'description!='
            'description~='
            'id='
            'id!='
            'id~='
            'inuse='
            'parent='
            'private='
            'shared='
            'type='
            'type!='
            'type~='
            'unused-for='
            'until='
            'label='
            'label!='
        ) ;;
        'builder du'|'buildx du') table=(
            'description='
            'description!='
            'description~='
            'id='
            'id!='
            'id~='
            'inuse='
            'parents='
            'private='
            'shared='
            'type='
            'type!='
            'type~='
            'unused-for='
            'until='
        ) ;;
        'volume prune') table=(
            'label='
            'label!='
            'all='
        ) ;;
        'container prune'|'image prune'|'network prune'|'system prune') table=(
            'label='
            'label!='
            'until='
        ) ;;
    esac
}

# What the values of a filter key can be.
__prunecli_filter() {
    source=
    case "$1 $2" in
        'builder du id'|'builder du id!'|'builder du parents'|'builder prune id'|'builder prune id!'|'builder prune parent'|'buildx du id'|'buildx du id!'|'buildx du parents'|'buildx prune id'|'buildx prune id!'|'buildx prune parent') source='names build-cache' ;;
        'builder du type'|'builder du type!'|'builder prune type'|'builder prune type!'|'buildx du type'|'buildx du type!'|'buildx prune type'|'buildx prune type!') source='words regular source.local source.git.checkout exec.cachemount frontend internal' ;;
        'builder du unused-for'|'builder du until'|'builder prune unused-for'|'builder prune until'|'buildx du unused-for'|'buildx du until'|'buildx prune unused-for'|'buildx prune until'|'container prune until'|'image prune until'|'network prune until'|'system prune until') source='age' ;;
        'container prune label'|'container prune label!') source='names container.label' ;;
        'events container'|'system events container') source='names container,container.id' ;;
        'events event'|'system events event') source='words create start restart stop checkpoint pause unpause attach detach resize update rename kill die oom destroy remove commit top copy archive-path extract-to-dir export import save load tag untag push pull prune delete enable disable connect disconnect reload mount unmount exec_create exec_start exec_die exec_detach health_status' ;;
        'events image'|'system events image') source='names image,image.id' ;;
        'events label'|'system events label'|'system prune label'|'system prune label!') source='names container.label,network.label,volume.label,image.label' ;;
        'events network'|'system events network') source='names network,network.id' ;;
        'events scope'|'system events scope') source='words local swarm' ;;
        'events type'|'system events type') source='words builder config container daemon image network node plugin secret service volume' ;;
        'events volume'|'system events volume') source='names volume' ;;
        'image prune label'|'image prune label!') source='names image.label' ;;
        'network prune label'|'network prune label!') source='names network.label' ;;
        'volume prune label'|'volume prune label!') source='names volume.label' ;;
        'volume prune all') source='words true false' ;;
    esac
}

# What the words after a command can be.
__prunecli_argument() {
    source=
    case "$1" in
        'apply') source='file' ;;
        'state import') source='file' ;;
        'use') source='names world' ;;
    esac
}

# Takes note of one word left of the cursor.
__prunecli_pass() {
    local word=$1 name letters long takes source again
    if [[ -n $waiting ]]; then
        [[ $waiting == --store ]] && store=$word
        waiting=
    elif [[ -n $lost ]]; then
        :
    elif [[ -z $plain && $word == -- ]]; then
        plain=1
    elif [[ -z $plain && $word == --* ]]; then
        __prunecli_option "$path" "${word%%=*}"
        if [[ $word == *=* ]]; then
            __prunecli_note "${word#*=}"
        else
            __prunecli_note
        fi
    elif [[ -z $plain && $word == -?* ]]; then
        letters=${word#-}
        letters=${letters%%=*}
        while [[ -n $letters ]]; do
            __prunecli_option "$path" "-${letters:0:1}"
            letters=${letters:1}
            if [[ $word == *=* ]]; then
                __prunecli_note "${word#*=}"
            else
                __prunecli_note
            fi
        done
    else
        __prunecli_descend "$word"
    fi
}

# Takes note of an option; $1 is its value, if one was joined to it.
__prunecli_note() {
    [[ -z $long ]] && return
    given+="$long "
    case $long in --host|--context|--engine) live=1 ;; esac
    if [[ $# -gt 0 ]]; then
        [[ $long == --store ]] && store=$1
    elif [[ $takes == value ]]; then
        waiting=$long
        wanted=$source
    fi
}

# Goes to the command that a word names, or counts the word as an argument.
__prunecli_descend() {
    local table row
    __prunecli_commands "$path"
    if [[ ${#table[@]} -eq 0 ]]; then
        arguments=$((arguments + 1))
        return
    fi
    for row in "${table[@]}"; do
        if [[ ${row%%:*} == "$1" ]]; then
            path="${path:+$path }$1" given=' '
            return
        fi
    done
    lost=1
}

# Offers a word if it continues what was typed.
__prunecli_offer() {
    [[ $1 == "$2"* ]] && found+=("$3$1")
}

# Offers the values of a source ($1) for what was typed ($2), behind a prefix ($3).
__prunecli_values() {
    local kind=${1%% *} rest=${1#* } word table source number
    case $kind in
        words)
            for word in $rest; do __prunecli_offer "$word" "$2" "$3"; done ;;
        filter)
            if [[ $2 == *=* ]]; then
                __prunecli_filter "$path" "${2%%=*}"
                [[ -n $source ]] && __prunecli_values "$source" "${2#*=}" "$3${2%%=*}="
            else
                __prunecli_filter_keys "$path"
                for word in "${table[@]}"; do __prunecli_offer "$word" "$2" "$3"; done
            fi ;;
        size|duration|age)
            number=${2%%[!0-9.]*}
            [[ $number == [0-9]* ]] || return
            case $kind in
                size) rest='kB MB GB TB' ;;
                duration) rest='s m h' ;;
                age) rest='s m h d w' ;;
            esac
            for word in $rest; do __prunecli_offer "$number$word" "$2" "$3"; done ;;
        names)
            [[ -n $live && $rest != context ]] && return
            while IFS= read -r word; do __prunecli_offer "$word" "$2" "$3"; done \
                < <("$program" __complete-names "$rest" "$2" "$store" 2>/dev/null </dev/null) ;;
        file|dir)
            __prunecli_paths "$kind" "$2" "$3" ;;
    esac
}

# Offers names of files or directories; where bash itself cuts the word at its `=`, it knows best how.
__prunecli_paths() {
    local word
    if [[ -z $3 || $trim == "$3"* ]]; then
        if [[ $1 == dir ]]; then
            compopt -o dirnames 2>/dev/null
        else
            compopt -o default 2>/dev/null
        fi
        return
    fi
    while IFS= read -r word; do found+=("$3$word"); done < <(compgen -"${1:0:1}" -- "$2")
    compopt -o nospace 2>/dev/null
}

# Decides what stands at the cursor.
__prunecli_answer() {
    local long takes source again table row word
    [[ -n $lost ]] && return
    if [[ -n $waiting ]]; then
        __prunecli_values "$wanted" "$cur" ''
    elif [[ -z $plain && $cur == --*=* ]]; then
        __prunecli_option "$path" "${cur%%=*}"
        __prunecli_values "$source" "${cur#*=}" "${cur%%=*}="
    elif [[ -z $plain && $cur == -* ]]; then
        __prunecli_options "$path"
        for row in "${table[@]}"; do
            word=${row%%:*}
            __prunecli_option "$path" "${word%=}"
            [[ -n $again || $given != *" $long "* ]] && __prunecli_offer "$word" "$cur" ''
        done
    else
        __prunecli_commands "$path"
        for row in "${table[@]}"; do __prunecli_offer "${row%%:*}" "$cur" ''; done
        if [[ ${#table[@]} -eq 0 ]]; then
            __prunecli_argument "$path"
            __prunecli_values "$source" "$cur" ''
        fi
    fi
}

# Puts together what COMP_WORDBREAKS took apart: `--filter=type=` is one word, wherever bash cuts it.
__prunecli_words() {
    local i rest=$COMP_LINE gap start=0
    line_words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        start=$((start + ${#gap}))
        if ((i == COMP_CWORD)); then
            raw=${COMP_LINE:start:COMP_POINT - start}
            ((COMP_POINT < start)) && raw=
        else
            raw=${COMP_WORDS[i]}
        fi
        if [[ $i -gt 0 && -z $gap ]]; then
            line_words[${#line_words[@]} - 1]+=$raw
        else
            line_words+=("$raw")
        fi
        rest=${rest#"${COMP_WORDS[i]}"}
        start=$((start + ${#COMP_WORDS[i]}))
    done
}

# Takes the quotes off a word.
__prunecli_plain() {
    cur=${1//[\"\']/}
    cur=${cur//\\/}
}

# Finds out which quote is open at the end of a word ($1), and how much of the word stands before it, itself included.
__prunecli_quotes() {
    local i char
    quote= quote_at=0
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ $char == \\ && $quote != \' ]]; then
            i=$((i + 1))
        elif [[ -z $quote && $char == [\"\'] ]]; then
            quote=$char quote_at=$((i + 1))
        elif [[ $char == "$quote" ]]; then
            quote=
        fi
    done
}

# Writes a candidate ($1) into `word` so that the shell reads it as it is; fails for what an open quote does not hold.
__prunecli_quoted() {
    local i char before== special='[]["'\''\\`$ *?{}()<>;|&#^]'
    [[ $1 == *[[:cntrl:]]* ]] && return 1
    case $quote in
        \') [[ $1 == *\'* ]] && return 1; special= ;;
        \") [[ $1 == *\"* || ${1//!=/} == *!* ]] && return 1; special='[\\`$]' ;;
    esac
    word=
    for ((i = 0; i < ${#1}; i++)); do
        char=${1:i:1}
        if [[ -n $special && $char == $special ]]; then
            word+=\\
        elif [[ -z $quote && $char == '!' && ${1:i+1:1} != = ]]; then
            word+=\\
        elif [[ -z $quote && $char == '~' && $before == [=:] ]]; then
            word+=\\
        fi
        word+=$char before=$char
    done
}

_prunecli() {
    local IFS=$' \t\n'
    local line_words=() raw cur path= given=' ' arguments=0 waiting= wanted= plain= lost= live= store= trim= i word
    local found=() quote quote_at name program=${1/#\~\//$HOME/}
    COMPREPLY=()
    command -v -- "$program" >/dev/null || program=prunecli
    __prunecli_words
    for ((i = 1; i < ${#line_words[@]} - 1; i++)); do
        __prunecli_plain "${line_words[i]}"
        __prunecli_pass "$cur"
    done
    raw=${line_words[${#line_words[@]} - 1]}
    # bash replaces only what follows an open quote, or the last of its word breaks.
    __prunecli_quotes "$raw"
    if [[ -n $quote ]]; then
        trim=${raw:0:quote_at}
    else
        local breaks=${COMP_WORDBREAKS//[!\"\'@=:]/}
        [[ -n $breaks ]] && trim=${raw%"${raw##*[$breaks]}"}
    fi
    __prunecli_plain "$trim"
    trim=$cur
    __prunecli_plain "$raw"
    __prunecli_answer
    for name in "${found[@]}"; do
        __prunecli_quoted "${name#"$trim"}" && COMPREPLY+=("$word")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -F _prunecli prunecli
