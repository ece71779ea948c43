"""The five kinds: a record and its rules in one module each, read from top to bottom."""
