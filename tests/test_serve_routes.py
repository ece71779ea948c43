"""`prunecli serve`: routes, versions, headers and errors are the Engine's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from prunecli.example import example_world
from prunecli.kinds.build_cache import DiskStat
from prunecli.kinds.volume import Volume
from prunecli.verdict import Kind
from tests.conftest import NOW
from tests.oracle import cases
from tests.serving import Served, serving

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")

ABSENT = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to all tests of this module."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


@pytest.fixture
def served(running: Served) -> Served:
    """Return the server with the example in its store, whatever the test before did to it."""
    running.reset()
    return running


def test_ping_tells_what_clients_negotiate_with(served: Served) -> None:
    """`GET` and `HEAD /_ping` carry the Engine's headers, versioned or not."""
    for target in ("/_ping", "/v1.24/_ping", "/v1.51/_ping"):
        got, head = served.ask("GET", target), served.ask("HEAD", target)
        assert (got.status, got.body) == (200, b"OK")
        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "0")
        for reply in (got, head):
            wanted = {
                "api-version": "1.51",
                "builder-version": "2",
                "cache-control": "no-cache, no-store, must-revalidate",
                "content-type": "text/plain; charset=utf-8",
                "docker-experimental": "false",
                "ostype": "linux",
                "pragma": "no-cache",
                "server": "Docker/28.5.2 (linux)",
                "swarm": "inactive",
            }
            assert reply.headers.items() >= wanted.items()


@pytest.mark.parametrize(
    ("target", "content_type", "body"),
    [
        pytest.param(
            "/v1.52/_ping",
            "application/json",
            '{"message":"client version 1.52 is too new. Maximum supported API version is 1.51"}\n',
            id="a newer version is refused in JSON",
        ),
        pytest.param(
            "/v1.23/version",
            "text/plain; charset=utf-8",
            "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a "
            "newer version\n",
            id="an older version in plain text",
        ),
        pytest.param(
            "/v9.99/events",
            "application/json",
            '{"message":"client version 9.99 is too new. Maximum supported API version is 1.51"}\n',
            id="also where the answer would be a stream",
        ),
    ],
)
def test_versions_out_of_range(served: Served, target: str, content_type: str, body: str) -> None:
    """A version that the Engine does not speak is a 400."""
    reply = served.ask("GET", target)
    assert (reply.status, reply.headers["content-type"], reply.body.decode()) == (400, content_type, body)
    assert reply.headers["api-version"] == "1.51"
    assert "docker-experimental" not in reply.headers


@pytest.mark.parametrize(
    ("method", "target"),
    [
        pytest.param("GET", "/nothing", id="a path that nobody knows"),
        pytest.param("GET", "/v1.51", id="a version alone"),
        pytest.param("GET", "/vabc/version", id="a version that is none"),
        pytest.param("PUT", "/version", id="the wrong method"),
        pytest.param("HEAD", "/version", id="HEAD of anything but ping"),
        pytest.param("POST", "/containers/x/start", id="a route that is not served"),
        pytest.param("GET", "/v1.60/nothing", id="an unknown path of an unknown version"),
    ],
)
def test_unknown_routes(served: Served, method: str, target: str) -> None:
    """Unknown paths and wrong methods are one 404, without the headers of an Engine."""
    reply = served.ask(method, target)
    assert reply.status == 404
    assert method == "HEAD" or reply.body == b'{"message":"page not found"}\n'
    assert not {"api-version", "server", "ostype"} & reply.headers.keys()


@pytest.mark.parametrize(
    ("method", "target", "status", "message"),
    [
        pytest.param("GET", "/containers/no/json", 404, "No such container: no", id="no such container"),
        pytest.param("GET", "/images/no/json", 404, "No such image: no:latest", id="no such image, its tag made up"),
        pytest.param("GET", f"/images/{ABSENT}/history", 404, f"No such image: {ABSENT}", id="no such image id"),
        pytest.param("GET", "/volumes/no", 404, "get no: no such volume", id="no such volume"),
        pytest.param("GET", "/networks/no", 404, "network no not found", id="no such network"),
        pytest.param("DELETE", "/volumes/no", 404, "get no: no such volume", id="no volume to remove"),
        pytest.param(
            "GET",
            "/images/BAD/json",
            400,
            "invalid reference format: repository name (library/BAD) must be lowercase",
            id="a name that no image can have",
        ),
        pytest.param(
            "DELETE",
            "/networks/bridge",
            403,
            "bridge is a pre-defined network and cannot be removed",
            id="a predefined network",
        ),
        pytest.param(
            "DELETE",
            "/containers/web",
            409,
            'cannot remove container "web": container is running: stop the container before removing or force remove',
            id="a running container",
        ),
        pytest.param(
            "DELETE",
            "/containers/web?link=1",
            500,
            "Conflict, cannot remove the default link name of the container",
            id="a link that is the name",
        ),
        pytest.param("GET", "/system/df?type=bogus", 400, "unknown object type: bogus", id="an unknown kind in df"),
        pytest.param(
            "GET",
            "/events?since=2&until=1",
            400,
            "`since` time (2) cannot be after `until` time (1)",
            id="an end before the beginning",
        ),
        pytest.param(
            "GET",
            "/events?since=abc",
            500,
            'strconv.ParseInt: parsing "abc": invalid syntax',
            id="a time that is no number",
        ),
        pytest.param("GET", "/volumes?filters=xx", 400, "invalid filter", id="filters that are no JSON"),
        pytest.param("GET", "/volumes?filters=%zz", 400, 'invalid URL escape "%zz"', id="a query that cannot be read"),
        pytest.param(
            "POST",
            "/images/alpine:3.20/tag?repo=ok@sha256:" + "1" * 64,
            400,
            "cannot import digest reference",
            id="a digest as a tag",
        ),
        pytest.param("POST", "/images/alpine:3.20/tag?repo=ok&tag=-x", 400, "invalid tag format", id="a bad tag"),
        pytest.param(
            "POST",
            "/images/alpine:3.20/tag?repo=sha256",
            400,
            "refusing to create an ambiguous tag using digest algorithm as name",
            id="a name that reads like a digest",
        ),
    ],
)
def test_error_bodies(served: Served, method: str, target: str, status: int, message: str) -> None:
    """Errors carry the Engine's status and its words, in every version."""
    for version in ("", "/v1.41", "/v1.51"):
        reply = served.ask(method, version + target)
        if version == "/v1.41" and "df" in target:
            assert reply.status == 200  # the parameter is not read before 1.42
            continue
        assert (reply.status, reply.message) == (status, message)


PRUNES = {
    "/containers/prune": '{"ContainersDeleted":null,"SpaceReclaimed":0}\n',
    "/networks/prune": '{"NetworksDeleted":null}\n',
    "/volumes/prune": '{"VolumesDeleted":[],"SpaceReclaimed":0}\n',
    "/images/prune": '{"ImagesDeleted":null,"SpaceReclaimed":0}\n',
    "/build/prune": '{"CachesDeleted":null,"SpaceReclaimed":0}\n',
}


def test_the_cascade_in_api_1_41_is_that_of_the_prune_events_change(served: Served) -> None:
    """Pruning the example kind by kind gives the bytes and the events of Docker's own example."""
    reclaimed = [15728640, None, 15728640, 21568540, 52428841]
    targets = [f"/v1.41{path}" for path in PRUNES]
    targets[3] += '?filters={"dangling":{"false":true}}'
    targets[4] += "?all=1"
    replies = [served.ask("POST", target.replace('"', "%22")) for target in targets]
    assert [reply.json.get("SpaceReclaimed") for reply in replies] == reclaimed
    with served.store() as store:
        told = [e for e in store.events(NOW, None) if e.action == "prune"][-5:]
    assert [(e.type, e.attributes["reclaimed"]) for e in told] == [
        ("container", "15728640"),
        ("network", "0"),
        ("volume", "15728640"),
        ("image", "21568540"),
        ("builder", "52428841"),
    ]
    for path, body in PRUNES.items():
        assert served.ask("POST", path).body.decode() == body


def test_named_volumes_go_by_default_before_api_1_42(served: Served) -> None:
    """API 1.41 prunes named volumes unasked; 1.42 needs the filter `all`."""
    served.ask("POST", "/containers/prune")
    assert len(served.ask("POST", "/v1.42/volumes/prune").json["VolumesDeleted"]) == 1
    assert served.ask("POST", "/v1.41/volumes/prune").json["VolumesDeleted"] == ["volume_bar", "volume_foo"]
    assert served.ask("POST", "/v1.41/volumes/prune", None, {"all": ["1"]}).message == (
        "invalid filter 'all=[1 true]': only one value is expected"
    )


def test_a_label_filter_is_ignored_by_the_build_cache(served: Served) -> None:
    """Over HTTP the Engine's own rule holds: `label` is accepted and changes nothing."""
    reply = served.ask("POST", "/build/prune?all=1", None, {"label": ["no-such-label"]})
    assert len(reply.json["CachesDeleted"]) == 3


def test_sizes_of_build_prune_follow_the_version(served: Served) -> None:
    """API 1.48 reads the three newer sizes; before they are not even looked at."""
    bad = served.ask("POST", "/v1.48/build/prune?max-used-space=abc")
    assert (bad.status, bad.message) == (
        400,
        'max-used-space is in bytes and expects an integer, got abc: strconv.Atoi: parsing "abc": invalid syntax',
    )
    kept = served.ask("POST", "/v1.48/build/prune?reserved-space=100000000")
    assert kept.json == {"CachesDeleted": None, "SpaceReclaimed": 0}
    assert (
        len(served.ask("POST", "/v1.47/build/prune?reserved-space=100000000&max-used-space=abc").json["CachesDeleted"])
        == 3
    )


def test_a_build_prune_stops_at_the_free_space_that_was_asked_for(served: Served) -> None:
    """`min-free-space` bounds what goes: one record, as BuildKit has it, where that much is free; else everything."""
    served.reset(replace(example_world(NOW), disk=DiskStat(10**9, 10**6)))
    assert len(served.ask("POST", "/v1.48/build/prune?all=1&min-free-space=1000000").json["CachesDeleted"]) == 1
    assert len(served.ask("POST", "/v1.48/build/prune?all=1").json["CachesDeleted"]) == 2


@pytest.mark.parametrize(
    ("target", "filters", "status", "message"),
    [
        pytest.param("/containers/prune", {"nope": ["x"]}, 400, "invalid filter 'nope'", id="an unknown key"),
        pytest.param("/containers/prune", {"": ["x"]}, 400, "invalid filter", id="an empty key"),
        pytest.param(
            "/networks/prune",
            {"until": ["abc"]},
            400,
            'failed to parse value as time or duration: "abc"',
            id="a bad until of networks",
        ),
        pytest.param(
            "/images/prune",
            {"until": ["abc"]},
            500,
            'failed to parse value as time or duration: "abc"',
            id="a bad until of images is a 500",
        ),
        pytest.param("/volumes/prune", {"until": ["1h"]}, 400, "invalid filter 'until'", id="until on volumes"),
        pytest.param(
            "/build/prune",
            {"id": ["a", "b"]},
            400,
            "failed to prune build cache: filters expect only one value",
            id="two values for the build cache",
        ),
        pytest.param("/containers/prune", {"until": []}, 500, "invalid filter 'until'", id="until without a value"),
    ],
)
def test_refused_prunes_change_nothing(
    served: Served, target: str, filters: dict[str, list[str]], status: int, message: str
) -> None:
    """A filter that is refused leaves the store and the journal as they were."""
    with served.store() as store:
        before = store.generation(), store.last_event()
        reply = served.ask("POST", target, None, filters)
        assert (reply.status, reply.message) == (status, message)
        assert (store.generation(), store.last_event()) == before


@pytest.mark.parametrize(
    ("holder", "refused", "passed"),
    [
        pytest.param(
            Kind.CONTAINER,
            ("containers", "networks"),
            ("volumes", "images"),
            id="containers and networks share one lock",
        ),
        pytest.param(Kind.VOLUME, ("volumes",), (), id="volumes have one of their own"),
        pytest.param(Kind.IMAGE, ("images",), (), id="and images too"),
    ],
)
def test_one_prune_at_a_time(served: Served, holder: Kind, refused: tuple[str, ...], passed: tuple[str, ...]) -> None:
    """While a prune of the kind runs, another is a 409 that comes before any look at its filters, and tells nothing."""
    from prunecli.backends import locks

    with served.store() as store, locks.held(store.path, holder):
        last = store.last_event()
        for kind in refused:
            reply = served.ask("POST", f"/{kind}/prune", None, {"nope": ["x"]})
            assert (reply.status, reply.message) == (409, "a prune operation is already running")
        assert store.last_event() == last
        for kind in passed:
            assert served.ask("POST", f"/{kind}/prune").status == 200


# Creation and removal of single objects


def test_volumes_are_made_and_removed(served: Served) -> None:
    """A created volume has its labels; made again it is the same, and nothing is told; removed it is gone."""
    with served.store() as store:
        last = store.last_event()
        asked = {"Name": "made", "Labels": {"a": "b"}, "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}}
        made = served.ask("POST", "/volumes/create", asked)
        assert made.status == 201
        assert {k: made.json[k] for k in ("Name", "Driver", "Labels", "Options", "Scope")} == {
            "Name": "made",
            "Driver": "local",
            "Labels": {"a": "b"},
            "Options": {"type": "tmpfs", "device": "tmpfs"},
            "Scope": "local",
        }
        assert served.ask("POST", "/volumes/create", {"Name": "made"}).json == made.json
        assert served.ask("GET", "/volumes/made").json == made.json
        anonymous = served.ask("POST", "/volumes/create", {}).json
        assert (len(anonymous["Name"]), anonymous["Labels"]) == (64, {"com.docker.volume.anonymous": ""})
        assert served.ask("DELETE", "/volumes/made").status == 204
        assert served.ask("DELETE", "/volumes/made?force=1").status == 204
        told = [(e.type, e.action, e.actor_id, dict(e.attributes)) for _, e in store.events_after(last, None, None)]
        assert told == [
            ("volume", "create", "made", {"driver": "local"}),
            ("volume", "create", anonymous["Name"], {"driver": "local"}),
            ("volume", "destroy", "made", {"driver": "local"}),
        ]


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        pytest.param(
            {"Name": "a"},
            {},
            400,
            "create a: volume name is too short, names should be at least two alphanumeric characters",
            id="one letter",
        ),
        pytest.param(
            {"Name": "zz", "Driver": "nope"},
            {},
            404,
            'create zz: error looking up volume plugin nope: plugin "nope" not found',
            id="an unknown driver",
        ),
        pytest.param(
            {"Name": "zz", "DriverOpts": {"nope": "1"}},
            {},
            400,
            'create zz: invalid option: "nope"',
            id="an unknown option",
        ),
        pytest.param(
            {"Name": 5},
            {},
            400,
            "invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.Name of type string",
            id="a number for a name",
        ),
        pytest.param(
            b"[]",
            {"Content_Type": "application/json"},
            400,
            "invalid JSON: json: cannot unmarshal array into Go value of type volume.CreateOptions",
            id="a list for an object",
        ),
        pytest.param(
            b"{nope",
            {"Content_Type": "application/json"},
            400,
            "invalid JSON: invalid character 'n' looking for beginning of object key string",
            id="no JSON",
        ),
        pytest.param(
            b"{} {}", {"Content_Type": "application/json"}, 400, "unexpected content after JSON", id="more than one"
        ),
        pytest.param(
            b"{}",
            {"Content_Type": "text/plain"},
            400,
            "unsupported Content-Type header (text/plain): must be 'application/json'",
            id="the wrong content type",
        ),
        pytest.param(b"{}", {}, 400, "malformed Content-Type header (): mime: no media type", id="no content type"),
    ],
)
def test_volumes_that_are_refused(
    served: Served, body: bytes | dict[str, object], headers: dict[str, str], status: int, message: str
) -> None:
    """A create request with a mistake makes nothing, and is refused in the Engine's words."""
    reply = served.ask("POST", "/volumes/create", body, None, **headers)
    assert (reply.status, reply.message) == (status, message)
    with served.store() as store:
        assert len(store.snapshot(NOW).volumes) == 4


def test_a_volume_in_use_stays(served: Served) -> None:
    """Removing a mounted volume is a conflict that names the containers, even with force."""
    for target in ("/volumes/web-data", "/volumes/web-data?force=1"):
        reply = served.ask("DELETE", target)
        user = served.ask("GET", "/containers/web/json").json["Id"]
        assert (reply.status, reply.message) == (409, f"remove web-data: volume is in use - [{user}]")


def test_networks_are_made_and_removed(served: Served) -> None:
    """A created network says what was asked of it; its name is taken then; removed it is gone."""
    asked = {"Name": "made", "Internal": True, "Labels": {"a": "b"}, "IPAM": {"Config": [{"Subnet": "10.5.0.0/24"}]}}
    made = served.ask("POST", "/networks/create", asked)
    assert (made.status, made.json["Warning"], len(made.json["Id"])) == (201, "", 64)
    said = served.ask("GET", f"/networks/{made.json['Id'][:12]}").json
    assert (said["Name"], said["Internal"], said["Labels"]) == ("made", True, {"a": "b"})
    assert said["IPAM"]["Config"] == [{"Subnet": "10.5.0.0/24"}]
    again = served.ask("POST", "/networks/create", {"Name": "made"})
    assert (again.status, again.message) == (409, "network with name made already exists")
    assert served.ask("DELETE", "/networks/made").status == 204
    assert served.ask("GET", "/networks/made").status == 404


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        pytest.param({}, 400, "invalid name: name is empty", id="no name"),
        pytest.param(
            {"Name": "host"}, 403, "operation is not permitted on predefined host network ", id="a predefined name"
        ),
        pytest.param(
            {"Name": "h", "Driver": "host"},
            403,
            'only one instance of "host" network is allowed',
            id="a second host network",
        ),
        pytest.param({"Name": "n", "Driver": "nope"}, 404, 'plugin "nope" not found', id="an unknown driver"),
    ],
)
def test_networks_that_are_refused(served: Served, asked: dict[str, str], status: int, message: str) -> None:
    """A network that cannot be made is refused in the Engine's words."""
    reply = served.ask("POST", "/networks/create", asked)
    assert (reply.status, reply.message) == (status, message)


def test_a_network_with_endpoints_stays(served: Served) -> None:
    """Removing a network that a running container is attached to is forbidden."""
    reply = served.ask("DELETE", "/networks/shop")
    assert reply.status == 403
    assert reply.message.startswith('error while removing network: network shop has active endpoints (name:"web" id:"')


def test_a_killed_container_leaves_its_networks_and_volumes(served: Served) -> None:
    """Force kills in the Engine's order of events; `v` takes anonymous volumes, never named ones."""
    with served.store() as store:
        last = store.last_event()
        assert served.ask("DELETE", "/containers/web?force=1&v=1").status == 204
        told = [(e.type, e.action) for _, e in store.events_after(last, None, None)]
        assert told == [
            ("container", "kill"),
            ("network", "disconnect"),
            ("container", "die"),
            ("container", "destroy"),
        ]
        left = store.snapshot(NOW)
        assert "web-data" in {v.name for v in left.volumes}
        assert not any(n.endpoints for n in left.networks)
        assert store.check() == []
    assert served.ask("DELETE", "/networks/shop").status == 204


def test_tags_move_and_images_go(served: Served) -> None:
    """A tag that another image has moves; an image whose last reference goes is removed, as the rules say."""
    assert served.ask("POST", "/images/alpine:3.20/tag").status == 200
    assert served.ask("POST", "/images/alpine:3.20/tag?repo=moved&tag=1").status == 201
    assert served.ask("POST", "/images/image_foo/tag?repo=moved:1").status == 201
    holders = [i["RepoTags"] for i in served.ask("GET", "/images/json").json if "moved:1" in i["RepoTags"]]
    assert holders == [["image_foo:latest", "moved:1"]]
    assert served.ask("DELETE", "/images/moved:1").json == [{"Untagged": "moved:1"}]
    gone = served.ask("DELETE", "/images/image_foo").json
    assert gone[0] == {"Untagged": "image_foo:latest"}
    assert [list(row) for row in gone[1:]] == [["Deleted"]] * (len(gone) - 1)
    conflict = served.ask("DELETE", "/images/nginx:1.27")
    assert conflict.status == 409
    assert conflict.message.startswith('conflict: unable to remove repository reference "nginx:1.27" (must force) - ')


def test_an_image_is_imported(served: Served, tmp_path: Path) -> None:
    """A tar archive becomes an image of one layer, with its size, its labels and its name; a pull is refused."""
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("data")
        member.size = 1234
        tar.addfile(member, io.BytesIO(b"x" * 1234))
    query = "fromSrc=-&repo=imported&tag=1&changes=LABEL%20a=b&message=hello"
    made = served.ask("POST", f"/images/create?{query}", packed.getvalue(), Content_Type="application/x-tar")
    assert made.status == 200
    id = json.loads(made.body)["status"]
    image = served.ask("GET", "/images/imported:1/json").json
    assert (image["Id"], image["Size"], image["Config"]["Labels"]) == (id, 1234, {"a": "b"})
    assert [(h["Comment"], h["Tags"]) for h in served.ask("GET", "/images/imported:1/history").json] == [
        ("hello", ["imported:1"])
    ]
    with served.store() as store:
        assert store.check() == []
    assert served.ask("DELETE", "/images/imported:1").json[0] == {"Untagged": "imported:1"}
    assert served.ask("POST", "/images/create?fromSrc=-", b"no tar at all" * 1000).status == 500
    assert served.ask("POST", "/images/create?fromImage=alpine").status == 501


# Lists


@pytest.mark.parametrize(
    ("target", "filters", "names"),
    [
        pytest.param("/containers/json", {}, ["/web"], id="containers that run"),
        pytest.param(
            "/containers/json?all=1",
            {"name": ["^container_ba"]},
            ["/container_baz", "/container_bar"],
            id="by a pattern of the name, newest first",
        ),
        pytest.param("/containers/json?limit=1", {}, ["/container_baz"], id="the newest one"),
        pytest.param(
            "/containers/json",
            {"status": ["exited"], "ancestor": ["alpine:3.20"], "name": ["foo"]},
            ["/container_foo"],
            id="several keys together",
        ),
        pytest.param("/containers/json?all=1", {"volume": ["web-data"]}, ["/web"], id="by a volume"),
        pytest.param("/containers/json?all=1", {"label": ["com.example.service=shop"]}, ["/web"], id="by a label"),
        pytest.param(
            "/containers/json?all=1", {"since": ["container_bar"]}, ["/container_baz"], id="since another one"
        ),
        pytest.param("/containers/json?all=1", {"before": ["container_foo"]}, ["/web"], id="before another one"),
    ],
)
def test_lists_of_containers(served: Served, target: str, filters: dict[str, list[str]], names: list[str]) -> None:
    """Containers are listed newest first, by the Engine's filters."""
    assert [c["Names"][0] for c in served.ask("GET", target, None, filters).json] == names


@pytest.mark.parametrize(
    ("target", "key", "filters", "names"),
    [
        pytest.param(
            "/networks", "Name", {"type": ["custom"], "name": ["o$"]}, ["network_foo"], id="networks by type and name"
        ),
        pytest.param(
            "/networks",
            "Name",
            {"dangling": ["false"]},
            ["bridge", "host", "none"],
            id="a list knows of no endpoints, so only predefined ones are not dangling",
        ),
        pytest.param("/networks", "Name", {"driver": ["null"]}, ["none"], id="networks by driver"),
        pytest.param("/volumes", "Name", {"dangling": ["false"], "name": ["web"]}, ["web-data"], id="volumes in use"),
        pytest.param("/volumes", "Name", {"dangling": ["true"]}, [], id="volumes that nobody uses"),
        pytest.param(
            "/images/json",
            "RepoTags",
            {"reference": ["ngin*"]},
            [["nginx:1.27"]],
            id="images by a pattern of the reference",
        ),
        pytest.param("/images/json", "RepoTags", {"dangling": ["true"]}, [[]], id="dangling images"),
        pytest.param(
            "/images/json",
            "RepoTags",
            {"dangling": ["false"]},
            [["image_foo:latest"], ["nginx:1.27"], ["alpine:3.20"]],
            id="images that are not dangling",
        ),
        pytest.param(
            "/images/json", "RepoTags", {"before": ["nginx:1.27"]}, [["alpine:3.20"]], id="images older than another"
        ),
    ],
)
def test_other_lists(served: Served, target: str, key: str, filters: dict[str, list[str]], names: list[object]) -> None:
    """Networks, volumes and images are listed by the Engine's filters."""
    rows = served.ask("GET", target, None, filters).json
    rows = rows["Volumes"] if target == "/volumes" else rows
    assert [row[key] for row in rows] == names


@pytest.mark.parametrize("target", ["/containers/json", "/images/json", "/networks", "/volumes"])
def test_lists_refuse_unknown_filters(served: Served, target: str) -> None:
    """A filter key that a list does not know is a 400."""
    reply = served.ask("GET", target, None, {"nope": ["x"]})
    assert (reply.status, reply.message) == (400, "invalid filter 'nope'")


def test_answers_differ_by_version(served: Served) -> None:
    """Older clients get the shapes that they know."""
    old, new = (served.ask("GET", f"/v{v}/images/json").json for v in ("1.41", "1.51"))
    untagged = [next(i for i in rows if i["RepoTags"] in ([], ["<none>:<none>"])) for rows in (old, new)]
    assert [(i["RepoTags"], i["RepoDigests"]) for i in untagged] == [(["<none>:<none>"], ["<none>@<none>"]), ([], [])]
    assert {i["Containers"] for i in old} == {-1}
    assert sorted(i["Containers"] for i in new) == [0, 0, 1, 3]
    assert all(i["VirtualSize"] == i["Size"] for i in old)
    assert not any("VirtualSize" in i for i in new)
    df_old, df_new = (served.ask("GET", f"/v{v}/system/df").json for v in ("1.41", "1.51"))
    assert (df_old["BuilderSize"], "BuilderSize" in df_new) == (52428841, False)
    assert [" Parents" in r for r in df_old["BuildCache"]].count(True) == 0
    assert [" Parents" in r for r in df_new["BuildCache"]].count(True) == 1
    inspected = [served.ask("GET", f"/v{v}/images/nginx:1.27/json").json for v in ("1.43", "1.44", "1.45", "1.51")]
    assert ["VirtualSize" in i for i in inspected] == [True, False, False, False]
    assert ["ContainerConfig" in i for i in inspected] == [True, True, False, False]
    assert ["AttachStdin" in i["Config"] for i in inspected] == [True, True, True, False]


def test_df_measures_what_was_asked_for(served: Served) -> None:
    """Kinds that were not asked for are null, and the layers count with the images alone."""
    one = served.ask("GET", "/system/df?type=image").json
    assert (one["Containers"], one["Volumes"], one["BuildCache"], one["LayersSize"] > 0) == (None, None, None, True)
    two = served.ask("GET", "/system/df?type=volume&type=build-cache").json
    assert (two["Images"], two["LayersSize"], len(two["Volumes"]), len(two["BuildCache"])) == (None, 0, 4, 3)


def test_a_reference_filter_narrows_the_names(served: Served) -> None:
    """An image found by one of its names is listed with the names that were asked for."""
    served.ask("POST", "/images/alpine:3.20/tag?repo=team/other&tag=1")
    rows = served.ask("GET", "/images/json", None, {"reference": ["team/*"]}).json
    assert [row["RepoTags"] for row in rows] == [["team/other:1"]]


@pytest.mark.parametrize(
    ("target", "location"),
    [
        pytest.param("//_ping?a=b", "/_ping?a=b", id="empty parts go"),
        pytest.param("/images/../info", "/info", id="dots lead up"),
        pytest.param("/volumes//", "/volumes/", id="the last slash stays"),
    ],
)
def test_unclean_paths_are_sent_elsewhere(served: Served, target: str, location: str) -> None:
    """A path that could be shorter is a redirect to the shorter one, as Go's routers answer it."""
    reply = served.ask("GET", target)
    assert (reply.status, reply.headers["location"], reply.body) == (301, location, b"")


def test_what_another_process_does_is_seen(served: Served) -> None:
    """The server keeps nothing that the store does not: a volume added beside it is there at once."""
    assert served.ask("GET", "/volumes/beside").status == 404
    with served.store() as store:
        store.add(Volume("beside", "local"))
    assert served.ask("GET", "/volumes/beside").status == 200


def test_a_dump_without_lists_is_served(tmp_path: Path) -> None:
    """An import that holds inspections alone is listed all the same."""
    case = next(c for c in cases() if c.engine == "28.5-graph" and c.before["containers"] and c.before["images"])
    bare = case.before | {"df": None}
    bare["images"] = [{k: v for k, v in image.items() if k != "Summary"} for image in bare["images"]]
    with serving(tmp_path, dump=bare) as served:
        listed = served.ask("GET", "/containers/json?all=1&size=1").json
        assert {c["Id"] for c in listed} == {c["Id"] for c in bare["containers"]}
        assert {i["Id"] for i in served.ask("GET", "/images/json?all=1").json} == {i["Id"] for i in bare["images"]}
        assert served.ask("GET", "/system/df").status == 200


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        pytest.param("20.10-graph", ("1.41", "Invalid filter 'nope'", False), id="20.10"),
        pytest.param("28.5-containerd", ("1.51", "invalid filter 'nope'", True), id="28.5 with the containerd store"),
    ],
)
def test_other_engines_are_spoken_for(tmp_path: Path, engine: str, expected: tuple[str, str, bool]) -> None:
    """A store answers as the Engine of its import: version, words and headers."""
    version, message, newer = expected
    case = next(c for c in cases() if c.engine == engine)
    with serving(tmp_path, dump=case.before) as served:
        ping = served.ask("GET", "/_ping")
        assert (ping.headers["api-version"], "builder-version" in ping.headers) == (version, newer)
        assert ping.headers["server"] == f"Docker/{case.before['version']['Version']} (linux)"
        assert served.ask("POST", "/containers/prune", None, {"nope": ["x"]}).message == message
        for target in ("/images/json?all=1", "/containers/json?all=1", "/networks", "/volumes", "/system/df", "/info"):
            assert served.ask("GET", target).status == 200
        for image in served.ask("GET", "/images/json").json:
            assert served.ask("GET", f"/images/{image['Id']}/json").json["Id"] == image["Id"]
