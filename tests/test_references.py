"""Image references: what is short for what, and what is none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli.errors import RefusedError
from prunecli.kinds.image.references import is_id_prefix, listed, parse, parse_any, short_id, truncated_id

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("typed", "full", "familiar"),
    [
        pytest.param("busybox", "docker.io/library/busybox:latest", "busybox:latest", id="a bare name"),
        pytest.param("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36", id="a tag stays"),
        pytest.param("me/app", "docker.io/me/app:latest", "me/app:latest", id="a person's repository is on the Hub"),
        pytest.param("docker.io/app", "docker.io/library/app:latest", "app:latest", id="the Hub by name"),
        pytest.param("index.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest", id="the Hub's old name"),
        pytest.param("library/app", "docker.io/library/app:latest", "app:latest", id="an official image, spelt out"),
        pytest.param(
            "library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest", id="a nested one keeps its prefix"
        ),
        pytest.param("quay.io/app", "quay.io/app:latest", "quay.io/app:latest", id="a dot makes a registry"),
        pytest.param("host:5000/app:1", "host:5000/app:1", "host:5000/app:1", id="a port makes a registry"),
        pytest.param("localhost/app", "localhost/app:latest", "localhost/app:latest", id="localhost is a registry"),
        pytest.param("Registry/app", "Registry/app:latest", "Registry/app:latest", id="so is what has capitals"),
        pytest.param("[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest", id="an address"),
        pytest.param(f"app@{DIGEST}", f"docker.io/library/app@{DIGEST}", f"app@{DIGEST}", id="a digest needs no tag"),
        pytest.param(f"app:1@{DIGEST}", f"docker.io/library/app:1@{DIGEST}", f"app:1@{DIGEST}", id="it may have both"),
        pytest.param("a__b/c---d.e", "docker.io/a__b/c---d.e:latest", "a__b/c---d.e:latest", id="separators"),
    ],
)
def test_short_forms(typed: str, full: str, familiar: str) -> None:
    """What a person types stands for one full name, and is shown in one familiar form."""
    reference = parse(typed).with_default_tag()
    assert (reference.full, reference.familiar) == (full, familiar)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        pytest.param("", "invalid reference format", id="nothing"),
        pytest.param("app:", "invalid reference format", id="an empty tag"),
        pytest.param("a b", "invalid reference format", id="a space"),
        pytest.param("a..b", "invalid reference format", id="two dots in a row"),
        pytest.param("-app", "invalid reference format", id="a dash in front"),
        pytest.param("app:" + "x" * 129, "invalid reference format", id="a tag of more than 128 characters"),
        pytest.param("me/App", "invalid reference format: repository name (me/App) must be lowercase", id="capitals"),
        pytest.param(
            "App", "invalid reference format: repository name (library/App) must be lowercase", id="capitals alone"
        ),
        pytest.param(
            HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings", id="a name like an id"
        ),
        pytest.param("a/" * 130 + "b", "repository name must not be more than 255 characters", id="a long name"),
        pytest.param(f"app@sha256:{HEX[:40]}", "invalid checksum digest length", id="a short digest"),
        pytest.param(f"app@sha256:{HEX.upper()}", "invalid checksum digest format", id="a digest in capitals"),
        pytest.param(f"app@md5:{HEX[:32]}", "unsupported digest algorithm", id="a digest of another kind"),
    ],
)
def test_refusals(typed: str, message: str) -> None:
    """What is no reference is refused in the Engine's words, as the client's mistake."""
    with pytest.raises(RefusedError, match=f"^{re.escape(message)}$") as caught:
        parse(typed)
    assert caught.value.http_status == 400


def test_ids_are_no_names() -> None:
    """A whole id, with or without its algorithm, is a bare digest; the beginning of one could be a name."""
    assert parse_any(HEX) == parse_any(DIGEST)
    assert parse_any(DIGEST).familiar == DIGEST
    assert parse_any(HEX[:12]).familiar == HEX[:12]
    assert parse_any("sha256:0123").full == "docker.io/library/sha256:0123"


@pytest.mark.parametrize(
    ("text", "digits"),
    [(HEX, HEX), (DIGEST, HEX), ("abcd", "abcd"), ("abc", ""), ("sha256:12345", "12345"), ("ABCD", ""), ("wxyz", "")],
)
def test_truncated_ids(text: str, digits: str) -> None:
    """Four or more hexadecimal digits can be the beginning of an id."""
    assert truncated_id(text) == digits


def test_id_prefixes() -> None:
    """An id can be meant with or without its algorithm, by any beginning."""
    assert is_id_prefix(DIGEST, "0123")
    assert is_id_prefix(DIGEST, "sha256:0")
    assert not is_id_prefix(DIGEST, "1234")
    assert short_id(DIGEST) == "0123456789ab"


def test_what_an_engine_lists_is_taken_as_it_is() -> None:
    """A listed name that does not parse stands for itself."""
    assert listed("<odd>:name").full == "<odd>:name"
    assert listed("busybox:latest").full == "docker.io/library/busybox:latest"


@given(st.from_regex(r"([a-z]{1,4}\.[a-z]{2}/|localhost/|)[a-z0-9]{1,5}(/[a-z]{1,3})?(:[\w.]{1,5})?", fullmatch=True))
def test_the_familiar_form_means_the_same(text: str) -> None:
    """The familiar form of a reference reads as that reference again, and so does the full form."""
    try:
        reference = parse(text)
    except RefusedError:
        return
    assert parse(reference.familiar) == reference
    assert parse(reference.full) == reference
