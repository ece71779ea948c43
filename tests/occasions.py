"""A world's name and the circumstances of a run, for documents that tests make."""

from __future__ import annotations

from prunecli.documents import Circumstances
from prunecli.kinds.build_cache import DiskStat
from prunecli.units import SECOND
from prunecli.worlds import WorldName

from .conftest import NOW

HERE = WorldName("store", "/here.db", "5" * 32, "29.7.2")
BOX = WorldName("engine", "tcp://box:2376", "6f0f4b2e-3c55-4f4e-a26c-6a1d2f6f3a55", "29.7.2", "build-7")
ABOUT = Circumstances(
    HERE, NOW, 3 * SECOND // 2, "laptop", "root", "ann", DiskStat(10**12, 10**11), DiskStat(10**12, 2 * 10**11)
)
