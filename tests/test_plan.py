"""What one kind means for the next: users of volumes and images, and build cache that shares with images."""

from __future__ import annotations

import pytest

from prunecli.kinds.build_cache import CacheRecord
from prunecli.kinds.image import Image
from prunecli.plan import shared_records
from prunecli.profile import DEFAULT_PROFILE, ImageStore, Profile, make_profile
from prunecli.snapshot import Snapshot

from .conftest import NOW

CONTAINERD = make_profile("28.5.2", (1, 51), ImageStore.CONTAINERD)
APP = Image("sha256:a", tags=("app:1",), layers=("base", "app"))
BASE = Image("sha256:b", layers=("base",))


@pytest.mark.parametrize(
    ("profile", "images", "record", "shared"),
    [
        pytest.param(
            DEFAULT_PROFILE, (APP,), CacheRecord("r", layer="base"), {"r": "app:1"}, id="any layer, with graph drivers"
        ),
        pytest.param(
            CONTAINERD, (APP,), CacheRecord("r", layer="base"), {}, id="not one below, in the containerd store"
        ),
        pytest.param(CONTAINERD, (APP,), CacheRecord("r", layer="app"), {"r": "app:1"}, id="the topmost there"),
        pytest.param(CONTAINERD, (APP, BASE), CacheRecord("r", layer="base"), {"r": "sha256:b"}, id="of any image"),
        pytest.param(
            DEFAULT_PROFILE, (BASE, APP), CacheRecord("r", layer="base"), {"r": "app:1"}, id="a tagged one first"
        ),
        pytest.param(
            DEFAULT_PROFILE, (), CacheRecord("r", layer="base", reported_shared=True), {}, id="a known layer decides"
        ),
        pytest.param(
            DEFAULT_PROFILE, (), CacheRecord("r", reported_shared=True), {"r": ""}, id="else the Engine's word"
        ),
        pytest.param(DEFAULT_PROFILE, (APP,), CacheRecord("r"), {}, id="which may be no"),
    ],
)
def test_which_records_share(
    profile: Profile, images: tuple[Image, ...], record: CacheRecord, shared: dict[str, str]
) -> None:
    """A record shares with the image whose layer it holds; which layers count depends on the image store."""
    assert shared_records(Snapshot(NOW, profile, images=images, build_cache=(record,))) == shared
