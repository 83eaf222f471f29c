"""An empty domain to fill in: it imports, and the check asks for one answer after the other."""

import shutil
from pathlib import Path

BLANK = Path(__file__).parent / "blank"
PLACES = {"domain": "src/mlsystem/domain", "tests": "tests/domain", "docs": "docs/domain"}


class FolderTaken(Exception):
    """There is something where the new domain should go: nothing is ever written over."""


def write(folder: Path) -> list[Path]:
    """Write the parts of PLACES into `folder`, which must not be there or be empty. Raises FolderTaken."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(f"{folder} is not empty; name a folder that is not there yet")
    written = []
    for source in sorted(path for path in BLANK.rglob("*") if path.is_file()):
        target = folder / source.relative_to(BLANK).with_name(source.name.removesuffix(".txt"))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written.append(target)
    (folder / "domain/sql").mkdir(exist_ok=True)
    return written
