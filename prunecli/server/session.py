"""`POST /session`: the connection on which a client offers files and secrets to a build; nobody asks it for any.

After the upgrade the roles are turned around: the client is the HTTP/2 server. All that is needed is to be there.
"""

from __future__ import annotations

import asyncio

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError


class SessionConnection(asyncio.Protocol):
    """One session, kept open until the client closes it. `closed` is set at the end."""

    def __init__(self, closed: asyncio.Event) -> None:
        self._closed = closed
        self._http = H2Connection(H2Configuration(client_side=True))
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the client."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's transport
        self._transport = transport
        self._http.initiate_connection()
        transport.write(self._http.data_to_send())

    def data_received(self, data: bytes) -> None:
        """Answer what the protocol itself asks, such as pings."""
        try:
            self._http.receive_data(data)
        except ProtocolError:
            self.close()
            return
        if self._transport is not None and (answer := self._http.data_to_send()):
            self._transport.write(answer)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        del exc
        self._closed.set()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
