"""Recorded runs in which we differ from an Engine without meaning to, each with its cause: the work that is left.

Every line is a strict expected failure (`conftest.py`): once a case agrees, its test fails until the line is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

RESTARTED = "after a restart of the daemon records are used anew when a child goes, and so are younger than `until`"
SNAPSHOT_HELD = (
    "the Engine counts what a removed image had unpacked, also where build cache holds the blob of the layer"
)
BLOB_SIZES = "which blobs of a pulled image are how large is not told, and so estimated"
NAME_TIMES = "`until` asks when a name was made; an inspection tells only when one of the digest's names changed last"
LAST_NAME = "of an image with several names the Engine tells another in the event of its removal"
SHARED_BLOBS = "since 29.5 an image shares blobs too, not only what is unpacked of them"
IMAGES_ALONE = "since 29.6 the sum of the images leaves out the snapshots of containers and of build cache"
HOLDER_UNKNOWN = "nothing tells which image holds these records"

_DIFFERENCES: tuple[tuple[str, str, str, str], ...] = (
    # test, engine, numbers of the cases, cause
    ("test_an_engine_did_the_same", "28.5-graph", "5104 5112 5120", RESTARTED),
    ("test_an_engine_did_the_same", "28.5-containerd", "6206", BLOB_SIZES),
    ("test_an_engine_did_the_same", "28.5-containerd", "6209", f"{LAST_NAME}; {BLOB_SIZES}"),
    ("test_an_engine_did_the_same", "29.7-containerd", "5301", SNAPSHOT_HELD),
    ("test_an_engine_did_the_same", "29.7-containerd", "5303 5309", RESTARTED),
    ("test_an_engine_did_the_same", "29.7-containerd", "6002", NAME_TIMES),
    ("test_an_engine_did_the_same", "29.7-containerd", "6014-6015", BLOB_SIZES),
    ("test_an_engine_did_the_same", "29.7-containerd", "6018", SNAPSHOT_HELD),
    ("test_an_engine_did_the_same", "29.7-containerd", "6019 6023", f"{LAST_NAME}; {BLOB_SIZES}"),
    ("test_a_rule_is_a_prune", "28.5-graph", "5112", RESTARTED),
    ("test_docker_prints_what_it_printed_on_the_engine", "28.5-graph", "5104 5112 5120", RESTARTED),
    ("test_docker_prints_what_it_printed_on_the_engine", "28.5-containerd", "6206", BLOB_SIZES),
    ("test_docker_prints_what_it_printed_on_the_engine", "28.5-containerd", "6209", f"{LAST_NAME}; {BLOB_SIZES}"),
    ("test_blobs_vanish_as_in_the_engine", "28.5-containerd", "6206 6209", BLOB_SIZES),
    ("test_blobs_vanish_as_in_the_engine", "29.7-containerd", "6002 6014-6015 6019 6023", BLOB_SIZES),
    ("test_records_are_shared_as_in_the_engine", "29.7-containerd", "1003", HOLDER_UNKNOWN),
    (
        "test_images_are_measured_as_the_engine_measures_them",
        "29.7-containerd",
        "1001-1004 1006-1013 1015-1018 1020-1021 1023 1101 1103-1106 5301-5306 5309-5312 6001-6024",
        SHARED_BLOBS,
    ),
    (
        "test_the_image_store_weighs_what_the_engine_says",
        "29.7-containerd",
        "1002-1004 1008-1013 1015-1021 1023 1101 1103-1106 5301-5303 5305 5307 5309-5312"
        " 6001-6002 6004 6006-6009 6012 6014-6022",
        IMAGES_ALONE,
    ),
    ("test_the_image_store_weighs_what_the_engine_says", "28.5-containerd", "6207", BLOB_SIZES),
)


def _numbers(text: str) -> Iterator[int]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


KNOWN = {
    (test, f"{engine}-{number}"): cause for test, engine, numbers, cause in _DIFFERENCES for number in _numbers(numbers)
}
"""Maps a test and a case to the cause of their difference."""
