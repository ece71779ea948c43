"""The state store as a Docker Engine API on a unix socket.

- `messages`: requests and answers, without a word about sockets; `query`: what stands in a URL
- `router`: which route a path means, and which API version
- `world`: the store as the views see it, in records and in the Engine's JSON
- `system`, `prunes`, `containers`, `images` with `imports` and `tags`, `networks`, `volumes`: the views
- `listing`: filters of lists; `body`: the JSON of create requests; `versions`: how answers differ between API versions
- `app`: the HTTP server around all that; `limits`, `sockets`: what keeps it in bounds; `faults`: what went wrong in it
- `stream`: `GET /events`
- `grpc`, `control`, `builds`, `session`: BuildKit's control service for buildx
- `run`: from the start to SIGTERM

Only `app`, `limits`, `grpc`, `session` and `run` know the HTTP server, which the extra `prunecli[serve]` installs.
"""
