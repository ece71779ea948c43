"""A gRPC client as small as BuildKit's control service needs it: one call at a time over any stream of bytes.

- `messages`: the status codes, the prefix of a message and the spelling of errors, which our own server shares
- `client`: HTTP/2 and calls, with `h2` for the frames
- `streams`: how to come by a stream: a unix socket, TCP with or without TLS, a program's input and output
- `control`: `moby.buildkit.v1.Control` as far as it speaks of what is cached

Only `client` knows `h2`, which the extra `prunecli[engine]` installs.
"""
