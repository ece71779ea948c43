"""Hostile input, made at random; each module is a command of its own."""
