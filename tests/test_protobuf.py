"""The protocol buffers encoding: what was written is read again, and bytes that are no message are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunecli import protobuf

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(INT64, st.text(), st.lists(st.text(), max_size=5), st.booleans())
def test_reading_undoes_writing(value: int, text: str, texts: list[str], flag: bool) -> None:
    """What was written comes back, zeros and empty texts included."""
    data = protobuf.number(1, value) + protobuf.text(2, text) + protobuf.texts(3, texts) + protobuf.number(4, flag)
    message = protobuf.read(data)
    assert (message.number(1), message.flag(4)) == (value, flag)
    assert "".join(message.texts(2)) == text
    assert list(message.texts(3)) == texts


@given(st.binary(max_size=200))
def test_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    """No bytes do anything else than be read or be refused."""
    try:
        message = protobuf.read(data)
        message.texts(1)
    except protobuf.WireError:
        return
    assert isinstance(message.number(1), int)


@pytest.mark.parametrize(
    ("written", "data"),
    [
        pytest.param(protobuf.number(4, 150), b"\x20\x96\x01", id="a varint"),
        pytest.param(protobuf.number(4, -1), b"\x20" + b"\xff" * 9 + b"\x01", id="a negative number takes ten bytes"),
        pytest.param(protobuf.text(12, "abc"), b"\x62\x03abc", id="a text"),
        pytest.param(protobuf.number(2, False) + protobuf.text(1, ""), b"", id="zeros are not written"),
        pytest.param(protobuf.mapping(2, {"a": "b"}), b"\x12\x06\x0a\x01a\x12\x01b", id="a map is a list of pairs"),
    ],
)
def test_known_bytes(written: bytes, data: bytes) -> None:
    """Fields are written as the encoding's own documentation shows."""
    assert written == data
