"""Docker's SDK for Python works on a served store: prune, df, events, lists and inspections of all kinds."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest

from tests.conftest import NOW
from tests.serving import Served, serving

pytest.importorskip("aiohttp", reason="needs the extra prunecli[serve]")
pytest.importorskip("docker", reason="needs the SDK for Python")

import docker
import docker.errors


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Lend one server to all tests of this module."""
    with serving(tmp_path_factory.mktemp("serve")) as served:
        yield served


@pytest.fixture
def client(running: Served) -> Iterator[docker.DockerClient]:
    """Lend a client of the server, with the example in its store."""
    running.reset()
    client = docker.DockerClient(base_url=running.url)
    try:
        yield client
    finally:
        client.close()


def test_negotiation(client: docker.DockerClient) -> None:
    """The client takes the newest version from `/version`, and its ping is answered."""
    assert client.ping() is True
    assert client.version()["ApiVersion"] == "1.51"
    assert client.info()["Containers"] == 4


def test_lists_and_inspections(client: docker.DockerClient) -> None:
    """Every kind is listed, found by name, and inspected."""
    assert [c.name for c in client.containers.list(all=True)] == [
        "container_baz",
        "container_bar",
        "container_foo",
        "web",
    ]
    web = client.containers.get("web")
    assert (web.status, web.attrs["Config"]["Labels"]) == ("running", {"com.example.service": "shop"})
    assert web.image is not None
    assert web.image.tags == ["nginx:1.27"]
    assert [i.tags for i in client.images.list(all=True)] == [["image_foo:latest"], [], ["nginx:1.27"], ["alpine:3.20"]]
    assert client.images.get("nginx:1.27").history()[0]["Tags"] == ["nginx:1.27"]
    assert sorted(v.name for v in client.volumes.list(filters={"name": "volume"})) == ["volume_bar", "volume_foo"]
    assert client.volumes.get("web-data").attrs["Driver"] == "local"
    assert "shop" in {n.name for n in client.networks.list()}
    assert [c.name for c in client.networks.get("shop").containers] == ["web"]
    with pytest.raises(docker.errors.NotFound, match="No such container: nobody"):
        client.containers.get("nobody")


def test_prunes_and_df(client: docker.DockerClient) -> None:
    """Each prune returns the Engine's document, and `df` the sizes before and after."""
    assert sum(r["Size"] for r in client.df()["BuildCache"]) == 52428841
    assert client.containers.prune()["SpaceReclaimed"] == 15728640
    assert client.containers.prune() == {"ContainersDeleted": None, "SpaceReclaimed": 0}
    assert sorted(client.networks.prune()["NetworksDeleted"]) == ["network_bar", "network_baz", "network_foo"]
    assert client.volumes.prune(filters={"all": True})["SpaceReclaimed"] == 15728640
    assert client.images.prune(filters={"dangling": False})["SpaceReclaimed"] == 21568540
    assert client.images.prune_builds()["SpaceReclaimed"] == 52428841
    after = client.df()
    assert [len(after[key]) for key in ("Images", "Containers", "Volumes", "BuildCache")] == [1, 1, 1, 0]
    with pytest.raises(docker.errors.APIError) as refused:
        client.containers.prune(filters={"nope": "x"})
    assert (refused.value.status_code, refused.value.explanation) == (400, "invalid filter 'nope'")


def test_sizes_of_the_cache(client: docker.DockerClient) -> None:
    """`prune_builds` with all its parameters reaches the rules."""
    kept = client.api.prune_builds(filters={"until": "1h"}, keep_storage=10**9, all=True)
    assert kept == {"CachesDeleted": None, "SpaceReclaimed": 0}
    assert len(client.api.prune_builds(all=True)["CachesDeleted"]) == 3


def test_events(client: docker.DockerClient) -> None:
    """Events are decoded from the stream, live and replayed."""
    stream = client.events(decode=True)
    client.volumes.create("made")
    first = next(stream)
    stream.close()
    assert (first["Type"], first["Action"], first["Actor"]["ID"]) == ("volume", "create", "made")
    replayed = list(client.events(since=NOW // 10**9, until=first["time"] + 1, filters={"volume": "made"}, decode=True))
    assert replayed[-1] == first


def test_single_objects(client: docker.DockerClient) -> None:
    """Volumes, networks and images are made, tagged and removed."""
    volume = client.volumes.create("own", labels={"a": "b"})
    assert volume.attrs["Labels"] == {"a": "b"}
    volume.remove()
    network = client.networks.create("own", driver="bridge", labels={"a": "b"})
    assert network.attrs["Labels"] == {"a": "b"}
    network.remove()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("data")
        member.size = 10
        tar.addfile(member, io.BytesIO(b"0123456789"))
    client.api.import_image_from_data(packed.getvalue(), repository="own", tag="1")
    image = client.images.get("own:1")
    assert image.tag("own", "2")
    client.images.remove("own:1")
    assert client.images.get("own:2").id == image.id
    client.containers.get("web").remove(force=True)
    with pytest.raises(docker.errors.APIError, match="volume is in use"):
        client.volumes.get("volume_foo").remove()
