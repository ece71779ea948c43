"""A live Docker Engine as a world: photographed over its API, changed by its own prunes or object by object.

- `endpoint`: which Engine is meant: hosts, contexts, TLS, as docker itself finds it
- `wires`: how requests travel: a unix socket for reading, the Docker SDK for Python for everything else
- `failures`: what goes wrong on the way, in Docker's words
- `connection`: requests and answers, and the version of the API that both sides speak
- `reading`: everything that an Engine says of itself, read concurrently into a dump
- `dialing`: a connection upgraded to gRPC; `records`: build cache by ids, over it or over the API
- `world`: the Engine as a world; `native`: its own prunes; `changing` and `changing_cache`: object by object
- `following`: its events; `clock`: what time it is there
"""
