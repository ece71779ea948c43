"""prunecli: see what a Docker prune would remove, remove exactly that, and learn what came back."""

__version__ = "0.1.0"
