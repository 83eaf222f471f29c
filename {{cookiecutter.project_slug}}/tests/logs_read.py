"""What a process wrote that nobody should find there: errors, tracebacks, and a warning that comes again and again."""

import re
from collections import Counter
from pathlib import Path

BAD = re.compile(r"Traceback \(most recent call last\)|\b(?:ERROR|CRITICAL|FATAL)\b|level=(?:error|ERROR)|\[error\s*\]")
WARNING = re.compile(r"\bWARN(?:ING)?\b|level=(?:warn|WARN)|\w+Warning:")
VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")
REPEATED = 3  # of one warning: two workers may each say a thing once


def faults(path: Path) -> list[str]:
    """Each as `file: line`."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [line for line in lines if BAD.search(line)]
    warned = Counter(VARYING.sub("#", line) for line in lines if WARNING.search(line))
    found += [f"{count} times: {line}" for line, count in warned.items() if count >= REPEATED]
    return [f"{path.name}: {line}" for line in found]
