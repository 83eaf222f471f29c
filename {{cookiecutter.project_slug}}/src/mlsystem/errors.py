"""What went wrong and a person can mend: told in one sentence, without a traceback."""

import traceback
from pathlib import Path


class UserError(RuntimeError):
    """The base of such errors in every room: says what was found, what was expected, and the next step."""


def place_in(folder: Path, problem: BaseException) -> str | None:
    """The innermost line below the folder that the problem came through, as `file.py line 7`; None if none."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(problem.__traceback__)]
    if isinstance(problem, SyntaxError) and problem.filename:
        frames.append((problem.filename, problem.lineno))
    inside = [(Path(name), line) for name, line in frames if Path(name).is_relative_to(folder)]
    return f"{inside[-1][0].relative_to(folder)} line {inside[-1][1]}" if inside else None
