"""The tasks of this part."""

from mlsystem.lanes import LaneTask

TASKS: tuple[LaneTask, ...] = ()
