# prunecli completion for fish
# Written by the program itself (`prunecli completion fish`) from its table of commands: change that instead.

# Prints the commands of a group.
function __prunecli_commands -a place
    switch $place
        case ''
            printf '%s\n' \
                'apply'\t'Carry out a plan that was written with --plan-out' \
                'builder'\t'Prune and measure the build cache' \
                'buildx'\t'Another name for builder' \
                'completion'\t'Print the script that teaches a shell to complete prunecli' \
                'container'\t'Prune stopped containers' \
                'demo'\t'See every step of a prune in a throw-away store' \
                'events'\t'Replay the journal of events, then follow it live' \
                'gc'\t'Collect build cache garbage by the rules of a policy' \
                'image'\t'Prune unused images' \
                'network'\t'Prune unused networks' \
                'plugin'\t'Make `docker prunecli` work, or undo it' \
                'serve'\t'Serve the store as a Docker Engine API on a unix socket' \
                'state'\t'Load, save and inspect the state store' \
                'system'\t'Prune everything unused, measure disk usage, follow events' \
                'use'\t'Name the world to work on once for all, or say which one it is' \
                'volume'\t'Prune unused volumes'
        case 'builder' 'buildx'
            printf '%s\n' \
                'du'\t'Show the records of the build cache and what they take' \
                'prune'\t'Remove build cache'
        case 'completion'
            printf '%s\n' \
                'bash'\t'The script for bash' \
                'fish'\t'The script for fish' \
                'zsh'\t'The script for zsh'
        case 'container'
            printf '%s\n' \
                'prune'\t'Remove stopped containers'
        case 'gc'
            printf '%s\n' \
                'policy'\t'Show the rules that hold, and where their numbers come from' \
                'run'\t'Run the rules once' \
                'simulate'\t'Play a workload against a policy' \
                'watch'\t'Run the rules whenever the cache grew'
        case 'image'
            printf '%s\n' \
                'prune'\t'Remove unused images'
        case 'network'
            printf '%s\n' \
                'prune'\t'Remove unused networks'
        case 'plugin'
            printf '%s\n' \
                'install'\t'Link it into Docker\'s configuration' \
                'remove'\t'Take the link away'
        case 'state'
            printf '%s\n' \
                'add'\t'Add a single object' \
                'check'\t'Check that the store is whole' \
                'demo'\t'Load the example of Docker\'s prune events' \
                'export'\t'Print the store\'s contents as an Engine dump' \
                'import'\t'Replace the store\'s contents by an Engine dump' \
                'pull'\t'Replace the store\'s contents by what a live Engine holds'
        case 'state add'
            printf '%s\n' \
                'cache'\t'Add a build cache record' \
                'container'\t'Add a container' \
                'image'\t'Add an image with its layers' \
                'network'\t'Add a network' \
                'volume'\t'Add a volume'
        case 'system'
            printf '%s\n' \
                'df'\t'Show what takes space, and what could come back' \
                'events'\t'Replay the journal of events, then follow it live' \
                'prune'\t'Remove what is unused, of every kind'
        case 'volume'
            printf '%s\n' \
                'prune'\t'Remove unused volumes'
    end
end

# Prints the options of a command, in all their forms.
function __prunecli_options -a place
    switch $place
        case ''
            printf '%s\n' \
                '--api-version'\t'Speak this API version, like $DOCKER_API_VERSION' \
                '--config'\t'Docker\'s client configuration, for its pruneFilters' \
                '--context'\t'Work on the live Engine of this Docker context' \
                '-c'\t'Work on the live Engine of this Docker context' \
                '--engine'\t'Work on the live Engine that docker itself would use' \
                '--host'\t'Work on the live Engine at this address' \
                '-H'\t'Work on the live Engine at this address' \
                '--log-level'\t'How much goes to stderr: debug, info, warn, error, fatal' \
                '-l'\t'How much goes to stderr: debug, info, warn, error, fatal' \
                '--store'\t'State store to work on (default $PRUNECLI_STORE, else in the user\'s state directory)' \
                '--tls'\t'Use TLS for an Engine on TCP' \
                '--tlscacert'\t'Trust certificates that this CA signed' \
                '--tlscert'\t'Certificate that says who we are' \
                '--tlskey'\t'Key of that certificate' \
                '--tlsverify'\t'Use TLS and check who the Engine is' \
                '--tlsverify='\t'Use TLS and check who the Engine is' \
                '--version'\t'Print the version and quit' \
                '-v'\t'Print the version and quit' \
                '--help'\t'Show the help of this command'
        case 'apply'
            printf '%s\n' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--help'\t'Show the help of this command'
        case 'builder' 'buildx' 'completion' 'completion bash' 'completion fish' 'completion zsh' 'container' 'demo' 'gc' 'image' 'network' 'plugin' 'plugin install' 'plugin remove' 'state' 'state add' 'state check' 'state demo' 'state export' 'state import' 'system' 'volume'
            printf '%s\n' \
                '--help'\t'Show the help of this command'
        case 'builder du' 'buildx du'
            printf '%s\n' \
                '--filter'\t'Show only records that match (e.g. type=regular, id~=^abc)' \
                '--format'\t'\'table\', \'pretty\', \'json\', \'table TEMPLATE\', or a Go template for each record' \
                '--verbose'\t'The same as --format pretty' \
                '--help'\t'Show the help of this command'
        case 'builder prune' 'buildx prune'
            printf '%s\n' \
                '--all'\t'Also take internal, frontend and shared records' \
                '-a'\t'Also take internal, frontend and shared records' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exact'\t'Live Engine: remove what the plan shows one by one, not by its own prune' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--filter'\t'Narrow what goes (e.g. until=24h)' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--keep-storage'\t'Old name of --reserved-space' \
                '--max-used-space'\t'Shrink the build cache until it takes less than this' \
                '--min-free-space'\t'Shrink the build cache until the disk has this much free' \
                '--plan-out'\t'Write the plan to a file for `apply`, and remove nothing' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--reserved-space'\t'Keep this much build cache, whatever else is asked' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--wait'\t'Live Engine: wait this long while another prune runs (e.g. 30s)' \
                '--help'\t'Show the help of this command'
        case 'container prune' 'network prune'
            printf '%s\n' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exact'\t'Live Engine: remove what the plan shows one by one, not by its own prune' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--filter'\t'Narrow what goes (e.g. until=24h)' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--plan-out'\t'Write the plan to a file for `apply`, and remove nothing' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--wait'\t'Live Engine: wait this long while another prune runs (e.g. 30s)' \
                '--help'\t'Show the help of this command'
        case 'events' 'system events'
            printf '%s\n' \
                '--filter'\t'Show only events that match (e.g. event=prune)' \
                '-f'\t'Show only events that match (e.g. event=prune)' \
                '--format'\t'\'json\', or a Go template for each event' \
                '--since'\t'Begin with what happened since this timestamp or duration ago' \
                '--until'\t'End at this timestamp or duration ago' \
                '--help'\t'Show the help of this command'
        case 'gc policy'
            printf '%s\n' \
                '--config'\t'Read the policy from this daemon.json or buildkitd.toml; - is stdin' \
                '--disk'\t'Disk below the cache, as 252GB:30GB' \
                '--format'\t'Show as text or json' \
                '--gc-keepstorage'\t'BuildKit\'s own rules with reserved[,free[,maximum]] in MB, as buildkitd\'s worker flag takes them' \
                '--max-used-space'\t'Make the default rules with this ceiling for the cache' \
                '--min-free-space'\t'Make the default rules with this much of the disk left free' \
                '--reserved-space'\t'Make the default rules with this much that is never pruned away' \
                '--worker'\t'Worker of a buildkitd.toml: oci or containerd' \
                '--help'\t'Show the help of this command'
        case 'gc run'
            printf '%s\n' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--config'\t'Read the policy from this daemon.json or buildkitd.toml; - is stdin' \
                '--disk'\t'Disk below the cache, as 252GB:30GB' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--gc-keepstorage'\t'BuildKit\'s own rules with reserved[,free[,maximum]] in MB, as buildkitd\'s worker flag takes them' \
                '--max-used-space'\t'Make the default rules with this ceiling for the cache' \
                '--min-free-space'\t'Make the default rules with this much of the disk left free' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--reserved-space'\t'Make the default rules with this much that is never pruned away' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--worker'\t'Worker of a buildkitd.toml: oci or containerd' \
                '--help'\t'Show the help of this command'
        case 'gc simulate'
            printf '%s\n' \
                '--builds-per-day'\t'Builds on each day' \
                '--config'\t'Read the policy from this daemon.json or buildkitd.toml; - is stdin' \
                '--days'\t'Days to play' \
                '--disk'\t'Disk below the cache, as 252GB:30GB' \
                '--format'\t'Print a table (with bars on a terminal), csv or json' \
                '--gc-keepstorage'\t'BuildKit\'s own rules with reserved[,free[,maximum]] in MB, as buildkitd\'s worker flag takes them' \
                '--max-used-space'\t'Make the default rules with this ceiling for the cache' \
                '--min-free-space'\t'Make the default rules with this much of the disk left free' \
                '--reserved-space'\t'Make the default rules with this much that is never pruned away' \
                '--seed'\t'What chance is made from' \
                '--worker'\t'Worker of a buildkitd.toml: oci or containerd' \
                '--help'\t'Show the help of this command'
        case 'gc watch'
            printf '%s\n' \
                '--config'\t'Read the policy from this daemon.json or buildkitd.toml; - is stdin' \
                '--disk'\t'Disk below the cache, as 252GB:30GB' \
                '--gc-keepstorage'\t'BuildKit\'s own rules with reserved[,free[,maximum]] in MB, as buildkitd\'s worker flag takes them' \
                '--interval'\t'Run at least this often, even when the cache did not grow' \
                '--max-used-space'\t'Make the default rules with this ceiling for the cache' \
                '--min-free-space'\t'Make the default rules with this much of the disk left free' \
                '--reserved-space'\t'Make the default rules with this much that is never pruned away' \
                '--worker'\t'Worker of a buildkitd.toml: oci or containerd' \
                '--help'\t'Show the help of this command'
        case 'image prune'
            printf '%s\n' \
                '--all'\t'Also take images that have a tag, if no container uses them' \
                '-a'\t'Also take images that have a tag, if no container uses them' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exact'\t'Live Engine: remove what the plan shows one by one, not by its own prune' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--filter'\t'Narrow what goes (e.g. until=24h)' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--plan-out'\t'Write the plan to a file for `apply`, and remove nothing' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--wait'\t'Live Engine: wait this long while another prune runs (e.g. 30s)' \
                '--help'\t'Show the help of this command'
        case 'serve'
            printf '%s\n' \
                '--socket'\t'Where to listen (default in $XDG_RUNTIME_DIR)' \
                '--help'\t'Show the help of this command'
        case 'state add cache'
            printf '%s\n' \
                '--created'\t'How long ago it was made (e.g. 36h)' \
                '--description'\t'What made it' \
                '--in-use'\t'A running build holds it' \
                '--mutable'\t'It can be written: a local source or a cache mount' \
                '--parent'\t'Id of a record it builds on' \
                '--shared'\t'It shares its layer with an image' \
                '--size'\t'What it takes on disk (e.g. 5MB)' \
                '--type'\t'One of regular, source.local, source.git.checkout, exec.cachemount, frontend, internal' \
                '--used'\t'How long ago it was used last (default: never)' \
                '--uses'\t'How often it was used' \
                '--help'\t'Show the help of this command'
        case 'state add container'
            printf '%s\n' \
                '--created'\t'How long ago it was made (e.g. 36h)' \
                '--image'\t'Text it was created from (default busybox)' \
                '--image-id'\t'Id of its image (default: that of an image added under this name)' \
                '--label'\t'Label, key or key=value' \
                '--size'\t'What it takes on disk (e.g. 5MB)' \
                '--state'\t'One of created, running, paused, restarting, removing, exited, dead' \
                '--volume'\t'Name of a volume it mounts' \
                '--help'\t'Show the help of this command'
        case 'state add image'
            printf '%s\n' \
                '--created'\t'How long ago it was made (e.g. 36h)' \
                '--label'\t'Label, key or key=value' \
                '--layer'\t'Layer NAME:SIZE, bottom first (e.g. base:5MB)' \
                '--parent'\t'Reference under which its parent was added' \
                '--untagged'\t'Leave it without a reference: a dangling image' \
                '--help'\t'Show the help of this command'
        case 'state add network'
            printf '%s\n' \
                '--created'\t'How long ago it was made (e.g. 36h)' \
                '--driver'\t'Driver' \
                '--endpoint'\t'Name of a container that is attached now' \
                '--label'\t'Label, key or key=value' \
                '--help'\t'Show the help of this command'
        case 'state add volume'
            printf '%s\n' \
                '--anonymous'\t'Make it one that nobody gave a name' \
                '--created'\t'How long ago it was made (e.g. 36h)' \
                '--driver'\t'Driver' \
                '--label'\t'Label, key or key=value' \
                '--option'\t'Driver option, key=value' \
                '--size'\t'What it takes on disk (e.g. 5MB)' \
                '--help'\t'Show the help of this command'
        case 'state pull'
            printf '%s\n' \
                '--output'\t'Write a dump (engine-dump/v1) instead; - writes it to stdout' \
                '-o'\t'Write a dump (engine-dump/v1) instead; - writes it to stdout' \
                '--help'\t'Show the help of this command'
        case 'system df'
            printf '%s\n' \
                '--format'\t'\'table\', \'table TEMPLATE\', \'json\', \'raw\', or a Go template for each line' \
                '--verbose'\t'Show every image, container, volume and cache record' \
                '-v'\t'Show every image, container, volume and cache record' \
                '--help'\t'Show the help of this command'
        case 'system prune'
            printf '%s\n' \
                '--all'\t'Also take unused images that have a tag, and internal and shared build cache' \
                '-a'\t'Also take unused images that have a tag, and internal and shared build cache' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exact'\t'Live Engine: remove what the plan shows one by one, not by its own prune' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--filter'\t'Narrow what goes (e.g. label=<key>=<value>)' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--plan-out'\t'Write the plan to a file for `apply`, and remove nothing' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--volumes'\t'Also take anonymous volumes that no container mounts' \
                '--wait'\t'Live Engine: wait this long while another prune runs (e.g. 30s)' \
                '--help'\t'Show the help of this command'
        case 'use'
            printf '%s\n' \
                '--clear'\t'Forget the world that is kept' \
                '--help'\t'Show the help of this command'
        case 'volume prune'
            printf '%s\n' \
                '--all'\t'Also take volumes that a person gave a name' \
                '-a'\t'Also take volumes that a person gave a name' \
                '--brief'\t'With --format json: leave out what is kept' \
                '--dry-run'\t'Print what would be reported, and remove nothing' \
                '--exact'\t'Live Engine: remove what the plan shows one by one, not by its own prune' \
                '--exit-code'\t'With --dry-run: exit 10 when something would go, 0 when nothing would' \
                '--explain'\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--explain='\t'Show every object with why it goes or stays; with a name, tag or id all about that one' \
                '--filter'\t'Narrow what goes (e.g. label=<key>)' \
                '--force'\t'Do not ask, go on' \
                '-f'\t'Do not ask, go on' \
                '--format'\t'Report as text or json' \
                '--plan-out'\t'Write the plan to a file for `apply`, and remove nothing' \
                '--quiet'\t'Report the total alone' \
                '-q'\t'Report the total alone' \
                '--sort'\t'Explain by size, age or name' \
                '--summary'\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--summary='\t'Report a table of what went and stayed, kind by kind; --summary=full with every object above it' \
                '--wait'\t'Live Engine: wait this long while another prune runs (e.g. 30s)' \
                '--help'\t'Show the help of this command'
    end
end

# Prints four lines on an option: its long form, if it takes a value, if it may be repeated, what values.
function __prunecli_option -a place form
    switch "$place $form"
        case ' --config'
            printf '%s\n' --config value '' 'dir'
        case 'apply --explain' 'system prune --explain'
            printf '%s\n' --explain maybe '' 'names container,container.id,network,network.id,volume,image,image.id,build-cache'
        case 'container prune --explain'
            printf '%s\n' --explain maybe '' 'names container,container.id'
        case 'image prune --explain'
            printf '%s\n' --explain maybe '' 'names image,image.id'
        case 'network prune --explain'
            printf '%s\n' --explain maybe '' 'names network,network.id'
        case 'volume prune --explain'
            printf '%s\n' --explain maybe '' 'names volume'
        case 'builder du --format' 'buildx du --format'
            printf '%s\n' --format value '' 'words json pretty table'
        case 'events --format' 'system events --format'
            printf '%s\n' --format value '' 'words json'
        case 'gc simulate --format'
            printf '%s\n' --format value '' 'words csv json text'
        case 'system df --format'
            printf '%s\n' --format value '' 'words json raw table'
        case 'state add image --parent'
            printf '%s\n' --parent value '' 'names image'
        case 'events -f' 'system events -f'
            printf '%s\n' --filter value again 'filter'
        case 'system df -v'
            printf '%s\n' --verbose nothing '' ''
        case '* --all' '* -a'
            printf '%s\n' --all nothing '' ''
        case '* --anonymous'
            printf '%s\n' --anonymous nothing '' ''
        case '* --api-version'
            printf '%s\n' --api-version value '' 'words 1.24 1.30 1.31 1.39 1.40 1.41 1.42 1.43 1.44 1.45 1.46 1.47 1.48 1.49 1.50 1.51'
        case '* --brief'
            printf '%s\n' --brief nothing '' ''
        case '* --builds-per-day'
            printf '%s\n' --builds-per-day value '' ''
        case '* --clear'
            printf '%s\n' --clear nothing '' ''
        case '* --config'
            printf '%s\n' --config value '' 'file'
        case '* --context' '* -c'
            printf '%s\n' --context value '' 'names context'
        case '* --created'
            printf '%s\n' --created value '' 'age'
        case '* --days'
            printf '%s\n' --days value '' ''
        case '* --description'
            printf '%s\n' --description value '' ''
        case '* --disk'
            printf '%s\n' --disk value '' ''
        case '* --driver'
            printf '%s\n' --driver value '' ''
        case '* --dry-run'
            printf '%s\n' --dry-run nothing '' ''
        case '* --endpoint'
            printf '%s\n' --endpoint value again 'names container'
        case '* --engine'
            printf '%s\n' --engine nothing '' ''
        case '* --exact'
            printf '%s\n' --exact nothing '' ''
        case '* --exit-code'
            printf '%s\n' --exit-code nothing '' ''
        case '* --explain'
            printf '%s\n' --explain maybe '' 'names build-cache'
        case '* --filter'
            printf '%s\n' --filter value again 'filter'
        case '* --force' '* -f'
            printf '%s\n' --force nothing '' ''
        case '* --format'
            printf '%s\n' --format value '' 'words json text'
        case '* --gc-keepstorage'
            printf '%s\n' --gc-keepstorage value '' ''
        case '* --help'
            printf '%s\n' --help nothing '' ''
        case '* --host' '* -H'
            printf '%s\n' --host value '' 'words fd:// ssh:// tcp:// unix://'
        case '* --image'
            printf '%s\n' --image value '' 'names image'
        case '* --image-id'
            printf '%s\n' --image-id value '' 'names image.id'
        case '* --in-use'
            printf '%s\n' --in-use nothing '' ''
        case '* --interval'
            printf '%s\n' --interval value '' 'age'
        case '* --keep-storage'
            printf '%s\n' --keep-storage value '' 'size'
        case '* --label'
            printf '%s\n' --label value again ''
        case '* --layer'
            printf '%s\n' --layer value again ''
        case '* --log-level' '* -l'
            printf '%s\n' --log-level value '' 'words debug info warn error fatal panic'
        case '* --max-used-space'
            printf '%s\n' --max-used-space value '' 'size'
        case '* --min-free-space'
            printf '%s\n' --min-free-space value '' 'size'
        case '* --mutable'
            printf '%s\n' --mutable nothing '' ''
        case '* --option'
            printf '%s\n' --option value again ''
        case '* --output' '* -o'
            printf '%s\n' --output value '' 'file'
        case '* --parent'
            printf '%s\n' --parent value again 'names build-cache'
        case '* --plan-out'
            printf '%s\n' --plan-out value '' 'file'
        case '* --quiet' '* -q'
            printf '%s\n' --quiet nothing '' ''
        case '* --reserved-space'
            printf '%s\n' --reserved-space value '' 'size'
        case '* --seed'
            printf '%s\n' --seed value '' ''
        case '* --shared'
            printf '%s\n' --shared nothing '' ''
        case '* --since'
            printf '%s\n' --since value '' 'age'
        case '* --size'
            printf '%s\n' --size value '' 'size'
        case '* --socket'
            printf '%s\n' --socket value '' 'file'
        case '* --sort'
            printf '%s\n' --sort value '' 'words age name size'
        case '* --state'
            printf '%s\n' --state value '' 'words created running paused restarting removing exited dead'
        case '* --store'
            printf '%s\n' --store value '' 'file'
        case '* --summary'
            printf '%s\n' --summary maybe '' 'words full short'
        case '* --tls'
            printf '%s\n' --tls nothing '' ''
        case '* --tlscacert'
            printf '%s\n' --tlscacert value '' 'file'
        case '* --tlscert'
            printf '%s\n' --tlscert value '' 'file'
        case '* --tlskey'
            printf '%s\n' --tlskey value '' 'file'
        case '* --tlsverify'
            printf '%s\n' --tlsverify maybe '' 'words true false'
        case '* --type'
            printf '%s\n' --type value '' 'words regular source.local source.git.checkout exec.cachemount frontend internal'
        case '* --untagged'
            printf '%s\n' --untagged nothing '' ''
        case '* --until'
            printf '%s\n' --until value '' 'age'
        case '* --used'
            printf '%s\n' --used value '' 'age'
        case '* --uses'
            printf '%s\n' --uses value '' ''
        case '* --verbose'
            printf '%s\n' --verbose nothing '' ''
        case '* --version' '* -v'
            printf '%s\n' --version nothing '' ''
        case '* --volume'
            printf '%s\n' --volume value again 'names volume'
        case '* --volumes'
            printf '%s\n' --volumes nothing '' ''
        case '* --wait'
            printf '%s\n' --wait value '' 'age'
        case '* --worker'
            printf '%s\n' --worker value '' 'words containerd oci'
    end
end

# Prints the filter keys of a command.
function __prunecli_filter_keys -a place
    switch $place
        case 'events' 'system events'
            printf '%s\n' \
                'config=' \
                'container=' \
                'daemon=' \
                'event=' \
                'image=' \
                'label=' \
                'network=' \
                'node=' \
                'plugin=' \
                'scope=' \
                'secret=' \
                'service=' \
                'type=' \
                'volume='
        case 'builder prune' 'buildx prune'
            printf '%s\n' \
                'description=' \
                'description!=' \
                'description~=' \
                'id=' \
                'id!=' \
                'id~=' \
                'inuse=' \
                'parent=' \
                'private=' \
                'shared=' \
                'type=' \
                'type!=' \
                'type~=' \
                'unused-for=' \
                'until=' \
                'label=' \
                'label!='
        case 'builder du' 'buildx du'
            printf '%s\n' \
                'description=' \
                'description!=' \
                'description~=' \
                'id=' \
                'id!=' \
                'id~=' \
                'inuse=' \
                'parents=' \
                'private=' \
                'shared=' \
                'type=' \
                'type!=' \
                'type~=' \
                'unused-for=' \
                'until='
        case 'volume prune'
            printf '%s\n' \
                'label=' \
                'label!=' \
                'all='
        case 'container prune' 'image prune' 'network prune' 'system prune'
            printf '%s\n' \
                'label=' \
                'label!=' \
                'until='
    end
end

# Prints what the values of a filter key can be.
function __prunecli_filter -a place key
    switch "$place $key"
        case 'builder du id' 'builder du id!' 'builder du parents' 'builder prune id' 'builder prune id!' 'builder prune parent' 'buildx du id' 'buildx du id!' 'buildx du parents' 'buildx prune id' 'buildx prune id!' 'buildx prune parent'
            echo 'names build-cache'
        case 'builder du type' 'builder du type!' 'builder prune type' 'builder prune type!' 'buildx du type' 'buildx du type!' 'buildx prune type' 'buildx prune type!'
            echo 'words regular source.local source.git.checkout exec.cachemount frontend internal'
        case 'builder du unused-for' 'builder du until' 'builder prune unused-for' 'builder prune until' 'buildx du unused-for' 'buildx du until' 'buildx prune unused-for' 'buildx prune until' 'container prune until' 'image prune until' 'network prune until' 'system prune until'
            echo 'age'
        case 'container prune label' 'container prune label!'
            echo 'names container.label'
        case 'events container' 'system events container'
            echo 'names container,container.id'
        case 'events event' 'system events event'
            echo 'words create start restart stop checkpoint pause unpause attach detach resize update rename kill die oom destroy remove commit top copy archive-path extract-to-dir export import save load tag untag push pull prune delete enable disable connect disconnect reload mount unmount exec_create exec_start exec_die exec_detach health_status'
        case 'events image' 'system events image'
            echo 'names image,image.id'
        case 'events label' 'system events label' 'system prune label' 'system prune label!'
            echo 'names container.label,network.label,volume.label,image.label'
        case 'events network' 'system events network'
            echo 'names network,network.id'
        case 'events scope' 'system events scope'
            echo 'words local swarm'
        case 'events type' 'system events type'
            echo 'words builder config container daemon image network node plugin secret service volume'
        case 'events volume' 'system events volume'
            echo 'names volume'
        case 'image prune label' 'image prune label!'
            echo 'names image.label'
        case 'network prune label' 'network prune label!'
            echo 'names network.label'
        case 'volume prune label' 'volume prune label!'
            echo 'names volume.label'
        case 'volume prune all'
            echo 'words true false'
    end
end

# Prints what the words after a command can be.
function __prunecli_argument -a place
    switch $place
        case 'apply'
            echo 'file'
        case 'state import'
            echo 'file'
        case 'use'
            echo 'names world'
    end
end

# Takes note of one word left of the cursor. Variables with two underscores belong to the running completion.
function __prunecli_pass -a word
    if test -n "$__prunecli_waiting"
        test "$__prunecli_waiting" = --store; and set __prunecli_store $word
        set __prunecli_waiting
    else if test -n "$__prunecli_lost"
        return
    else if test -z "$__prunecli_plain"; and test "$word" = --
        set __prunecli_plain 1
    else if test -z "$__prunecli_plain"; and string match -q -- '-?*' $word
        set -l parts (string split -m 1 = -- $word)
        set -l forms $parts[1]
        string match -q -- '--*' $word; or set forms -(string split '' -- (string sub -s 2 -- $parts[1]))
        for form in $forms
            __prunecli_note $form $parts[2..]
        end
    else
        __prunecli_descend $word
    end
end

# Takes note of an option ($argv[1]); $argv[2] is its value, if one was joined to it.
function __prunecli_note
    set -l option (__prunecli_option "$__prunecli_place" $argv[1])
    test -n "$option"; or return
    set -a __prunecli_given $option[1]
    contains -- $option[1] --host --context --engine; and set __prunecli_live 1
    if set -q argv[2]
        test $option[1] = --store; and set __prunecli_store $argv[2]
    else if test $option[2] = value
        set __prunecli_waiting $option[1]
        set __prunecli_wanted "$option[4]"
    end
end

# Goes to the command that a word names; where there are none, the word is an argument.
function __prunecli_descend -a word
    set -l table (__prunecli_commands "$__prunecli_place")
    test (count $table) -gt 0; or return
    if string match -q -- "$word"\t'*' $table
        set __prunecli_place (string trim -- "$__prunecli_place $word")
        set __prunecli_given
    else
        set __prunecli_lost 1
    end
end

# Prints the values of a source for what was typed, behind a prefix.
function __prunecli_values -a source word prefix
    set -l kind (string split -m 1 ' ' -- $source)
    set -l found
    switch "$kind[1]"
        case words
            set found (string split ' ' -- $kind[2])
        case filter
            set -l parts (string split -m 1 = -- $word)
            if set -q parts[2]
                set -l inner (__prunecli_filter "$__prunecli_place" $parts[1])
                test -n "$inner"; and __prunecli_values $inner "$parts[2]" "$prefix$parts[1]="
                return
            end
            set found (__prunecli_filter_keys "$__prunecli_place")
        case size
            set found (string match -r -- '^[0-9][0-9.]*' $word){kB,MB,GB,TB}
        case duration
            set found (string match -r -- '^[0-9][0-9.]*' $word){s,m,h}
        case age
            set found (string match -r -- '^[0-9][0-9.]*' $word){s,m,h,d,w}
        case names
            test -z "$__prunecli_live" -o "$kind[2]" = context
            and set found ($__prunecli_program __complete-names $kind[2] "$word" "$__prunecli_store" 2>/dev/null \
                </dev/null)
            # fish leaves a tilde at the beginning of a word as it is, and would make a folder of it.
            test -n "$prefix"; or set found (string match -v -- '~*' $found)
        case file
            set found (__fish_complete_path $word)
        case dir
            set found (__fish_complete_directories $word '')
    end
    for one in $found
        echo $prefix$one
    end
end

# Decides what stands at the cursor.
function __prunecli_answer -a word
    test -n "$__prunecli_lost"; and return
    if test -n "$__prunecli_waiting"
        __prunecli_values "$__prunecli_wanted" "$word" ''
    else if test -z "$__prunecli_plain"; and string match -q -- '--*=*' $word
        set -l parts (string split -m 1 = -- $word)
        set -l option (__prunecli_option "$__prunecli_place" $parts[1])
        test -n "$option[4]"; and __prunecli_values $option[4] "$parts[2]" "$parts[1]="
    else if test -z "$__prunecli_plain"; and string match -q -- '-*' $word
        for row in (__prunecli_options "$__prunecli_place")
            set -l form (string split -m 1 \t -- $row)[1]
            set -l option (__prunecli_option "$__prunecli_place" (string trim -r -c = -- $form))
            if test -n "$option[3]"; or not contains -- $option[1] $__prunecli_given
                echo $row
            end
        end
    else
        set -l table (__prunecli_commands "$__prunecli_place")
        if test (count $table) -gt 0
            printf '%s\n' $table
        else
            set -l source (__prunecli_argument "$__prunecli_place")
            test -n "$source"; and __prunecli_values $source "$word" ''
        end
    end
end

function __prunecli_complete
    set -l before (commandline -opc)
    set -g __prunecli_place ''
    set -g __prunecli_given
    set -g __prunecli_waiting
    set -g __prunecli_wanted
    set -g __prunecli_plain
    set -g __prunecli_lost
    set -g __prunecli_live
    set -g __prunecli_store
    set -g __prunecli_program $before[1]
    type -q -- "$__prunecli_program"; or set __prunecli_program prunecli
    for word in $before[2..]
        __prunecli_pass $word
    end
    __prunecli_answer (string unescape -- (commandline -ct); or commandline -ct)
end

complete -c prunecli -e
complete -c prunecli -f -a '(__prunecli_complete)'
