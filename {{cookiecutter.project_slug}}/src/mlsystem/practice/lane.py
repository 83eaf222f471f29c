"""What this lane adds: each part declares its own tasks."""

from mlsystem.lanes import Lane
from mlsystem.practice.capacity import tasks as capacity
from mlsystem.practice.defence import tasks as defence
from mlsystem.practice.drills import tasks as drills
from mlsystem.practice.tradeoffs import tasks as tradeoffs

LANE = Lane("Practice", (*drills.TASKS, *tradeoffs.TASKS, *capacity.TASKS, *defence.TASKS))
