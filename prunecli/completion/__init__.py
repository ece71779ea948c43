"""What can stand at each place of a command line, and the scripts that tell the shells.

`tree` is the command line as plain data, `values` says where the values of an option come from, `answer` completes one
command line, and `bash`, `zsh` and `fish` write the same knowledge down as scripts that need no process of ours.
"""

from __future__ import annotations
