"""What bash, zsh and fish offer at a press of the key, in interactive shells on terminals of their own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from prunecli.cli.tree import command_tree
from prunecli.complete import find_names
from prunecli.completion.answer import complete
from tests.console import environment
from tests.shells import SHELLS, Shell, shell

ROOT = Path(__file__).parent.parent
SCRIPTS = {"bash": "prunecli.bash", "zsh": "_prunecli", "fish": "prunecli.fish"}

BAZ = "3ebbc4222954d8cfcf14e9500dd8a1a5be9b69ed83b2496605abae6b94695f4f"
CACHE = "29dfqn86xmb7quv06x4fstsyt lx3rqxsdy2nwvti5v2zr8gnle vvm6uixsq27wv19o8sc2npxsy"
COMMANDS = "apply builder buildx completion container demo events gc image network plugin serve state system use volume"
TYPES = "exec.cachemount frontend internal regular source.git.checkout source.local"
SHOWING = (
    "--dry-run --exit-code --explain --explain= --sort --format --brief --quiet --summary --summary= --force --help"
)
PRUNE = f"{SHOWING} --exact --filter --plan-out --wait"
CACHE_KEYS = (
    "description= description!= description~= id= id!= id~= inuse= label= label!= parent= private= shared= type= type!="
    " type~= until= unused-for="
)


def each(prefix: str, words: str) -> str:
    """Return the words, each behind the prefix."""
    return " ".join(prefix + word for word in words.split())


POSITIONS: list[tuple[str, str]] = [
    # commands
    ("prunecli ", COMMANDS),
    ("prunecli s", "serve state system"),
    ("prunecli system ", "df events prune"),
    ("prunecli buildx ", "du prune"),
    ("prunecli gc ", "policy run simulate watch"),
    ("prunecli state ", "add check demo export import pull"),
    ("prunecli state add ", "cache container image network volume"),
    ("prunecli completion ", "bash fish zsh"),
    ("prunecli plugin ", "install remove"),
    ("prunecli --log-level debug sy", "system"),
    ("prunecli nonsense ", ""),
    ("prunecli system prune ", ""),
    # options
    (
        "prunecli --",
        "--api-version --config --context --engine --help --host --log-level --store --tls --tlscacert --tlscert"
        " --tlskey --tlsverify --tlsverify= --version",
    ),
    ("prunecli system prune --", f"{PRUNE} --all --volumes"),
    ("prunecli container prune --", PRUNE),
    ("prunecli network prune --", PRUNE),
    ("prunecli image prune -", f"{PRUNE} --all -a -f -q"),
    ("prunecli volume prune --al", "--all"),
    ("prunecli builder prune --m", "--max-used-space --min-free-space"),
    ("prunecli system prune --all -f --e", "--exact --exit-code --explain --explain="),
    ("prunecli image prune -fa --f", "--filter --format"),
    ("prunecli image prune --filter until=24h --fil", "--filter"),
    ("prunecli events -", "--filter --format --help --since --until -f"),
    ("prunecli system df -", "--format --help --verbose -v"),
    ("prunecli builder du --", "--filter --format --help --verbose"),
    # fixed values
    ("prunecli --log-level ", "debug error fatal info panic warn"),
    ("prunecli -l w", "warn"),
    ("prunecli --api-version 1.4", each("1.4", "0 1 2 3 4 5 6 7 8 9")),
    ("prunecli system prune --format ", "json text"),
    ("prunecli system prune --format=j", "--format=json"),
    ("prunecli system df --format ", "json raw table"),
    ("prunecli buildx du --format ", "json pretty table"),
    ("prunecli events --format ", "json"),
    ("prunecli gc simulate --format ", "csv json text"),
    ("prunecli gc run --worker ", "containerd oci"),
    ("prunecli builder prune --reserved-space ", ""),
    ("prunecli builder prune --reserved-space 10", "10GB 10MB 10TB 10kB"),
    ("prunecli builder prune --max-used-space=1.5", each("--max-used-space=1.5", "GB MB TB kB")),
    ("prunecli events --since 90", "90d 90h 90m 90s 90w"),
    ("prunecli gc watch --interval 5", "5d 5h 5m 5s 5w"),
    ("prunecli state add cache x --type s", "source.git.checkout source.local"),
    ("prunecli state add container x --state r", "removing restarting running"),
    # filters: the key, then `=`, then the values
    ("prunecli system prune --filter ", "label= label!= until="),
    ("prunecli volume prune --filter ", "all= label= label!="),
    ("prunecli volume prune --filter all=", "all=false all=true"),
    ("prunecli image prune --filter=u", "--filter=until="),
    ("prunecli image prune --filter until=3", each("until=3", "d h m s w")),
    ("prunecli builder prune --filter ", CACHE_KEYS),
    ("prunecli builder prune --filter ty", "type= type!= type~="),
    ("prunecli builder prune --filter type=", each("type=", TYPES)),
    ("prunecli builder prune --filter type!=s", "type!=source.git.checkout type!=source.local"),
    ("prunecli buildx prune --filter=type=re", "--filter=type=regular"),
    ("prunecli events --filter ty", "type="),
    ("prunecli events -f type=n", "type=network type=node"),
    ("prunecli events --filter scope=", "scope=local scope=swarm"),
    ("prunecli events --filter event=pru", "event=prune"),
    ("prunecli system events --filter event=exec_", each("event=exec_", "create detach die start")),
    # names, ids and labels
    ("prunecli events --filter container=", each("container=", "container_bar container_baz container_foo web")),
    ("prunecli events --filter container=web", "container=web"),
    ("prunecli events --filter volume=v", "volume=volume_bar volume=volume_foo"),
    ("prunecli events --filter=network=network_b", each("--filter=network=", "network_bar network_baz")),
    ("prunecli events --filter image=", each("image=", "alpine:3.20 image_foo:latest nginx:1.27")),
    ("prunecli events --filter image=alpine:", "image=alpine:3.20"),
    ("prunecli events --filter label=com.e", each("label=com.example.", "service service=shop")),
    ("prunecli container prune --filter label!=com", each("label!=com.example.", "service service=shop")),
    ("prunecli image prune --filter label=", ""),
    ("prunecli builder prune --filter id=", each("id=", CACHE)),
    ("prunecli builder prune --filter parent=l", "parent=lx3rqxsdy2nwvti5v2zr8gnle"),
    ("prunecli volume prune --explain=", each("--explain=", f"{BAZ} volume_bar volume_foo web-data")),
    ("prunecli network prune --explain=sh", "--explain=shop"),
    ("prunecli image prune --explain=n", "--explain=nginx:1.27"),
    ("prunecli container prune --explain=web", "--explain=web"),
    ("prunecli state add container x --volume volume_", "volume_bar volume_foo"),
    ("prunecli --store other.db events --filter volume=", "volume=elsewhere"),
    ("prunecli --store=other.db events --filter volume=", "volume=elsewhere"),
    ("prunecli --store nowhere.db events --filter volume=", ""),
    ("prunecli --engine events --filter volume=", ""),
    ("prunecli -H unix:///x events --filter volume=", ""),
    ("prunecli --context ", "default"),
    # names of files
    ("prunecli apply plan", "plan-one.json plan-two.json"),
    ("prunecli system prune --plan-out plan-o", "plan-one.json"),
    ("prunecli state import pla", "plan-one.json plan-two.json"),
    ("prunecli gc policy --config=plan-t", "--config=plan-two.json"),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the example store, another store, and two files; and the environment that goes with it."""
    folder = tmp_path_factory.mktemp("shells")
    env = environment(folder)
    for line in ("state demo", "--store other.db state add volume elsewhere"):
        subprocess.run(["prunecli", *line.split()], env=env, cwd=folder, check=True, timeout=60)
    for name in ("plan-one.json", "plan-two.json"):
        (folder / name).write_text("{}")
    return folder, env


@pytest.fixture(scope="module", params=list(SHELLS))
def live(request: pytest.FixtureRequest, world: tuple[Path, dict[str, str]]) -> Iterator[tuple[str, Shell]]:
    """An interactive shell."""
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    folder, env = world
    with shell(name, ROOT / "completions" / SCRIPTS[name], env, folder) as opened:
        yield name, opened


def as_shown(name: str, line: str, words: str) -> list[str]:
    """Return candidates as a shell lists them: bash cuts at its word breaks, zsh takes prefixes off."""
    word = line.rpartition(" ")[2]
    if name == "fish":
        return sorted(words.split())
    cut = max(word.rfind("="), word.rfind(":") if name == "bash" else -1) + 1
    return sorted(candidate[cut:] for candidate in words.split())


@pytest.mark.parametrize(("line", "words"), POSITIONS, ids=[line or "-" for line, _ in POSITIONS])
def test_shells_offer(live: tuple[str, Shell], line: str, words: str) -> None:
    """Each shell offers exactly what can stand at this place."""
    name, opened = live

    assert opened.offers(line) == as_shown(name, line, words)


@pytest.mark.parametrize(("line", "words"), POSITIONS, ids=[line or "-" for line, _ in POSITIONS])
def test_the_program_offers(world: tuple[Path, Mapping[str, str]], line: str, words: str) -> None:
    """The program itself, which docker asks, offers the same; for names of files it refers to the shell."""
    folder, env = world
    *before, word = line.split(" ")[1:]

    def names(what: str, prefix: str, store: str) -> list[str]:
        return find_names(what, prefix, str(folder / store) if store else env["PRUNECLI_STORE"])

    answer = complete(command_tree(), before, word, names)

    if "plan-one" in words or "plan-two" in words:
        assert answer.paths == "file"
    else:
        assert sorted(answer.words) == sorted(words.split())
        assert not answer.paths


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        pytest.param("prunecli sys\tpru\t--vol\t", "prunecli system prune --volumes ", id="words end with a space"),
        pytest.param("prunecli eve\t--filt\tty\tbui\t", "prunecli events --filter type=builder ", id="keys do not"),
        pytest.param("prunecli events --filter=im\tal\t", "prunecli events --filter=image=alpine:3.20 ", id="colons"),
        pytest.param("prunecli events --filter im\tn\t", "prunecli events --filter image=nginx:1.27 ", id="a tag"),
        pytest.param("prunecli --host un\t", "prunecli --host unix://", id="an address goes on"),
        pytest.param(
            "prunecli builder prune --reserved-space 5G\t", "prunecli builder prune --reserved-space 5GB ", id="unit"
        ),
    ],
)
def test_tab_completes(live: tuple[str, Shell], keys: str, line: str) -> None:
    """A tab writes what is certain, and a space where a word ends."""
    assert live[1].completed(keys) == line
