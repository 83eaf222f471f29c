"""A fault planted in the shared SQL of sliding windows (features/sql), as long as a test takes."""

from pathlib import Path

import pytest

from mlsystem.features import compute


def plant_in_windows(patch: pytest.MonkeyPatch, folder: Path, file: str, sound: str, faulty: str) -> None:
    """Use a copy of the shared SQL, in `folder`, with `faulty` in the place of `sound`."""
    folder.mkdir(parents=True)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in compute.SQL.glob("*.sql")}
    assert sound in texts[file]
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text.replace(sound, faulty) if name == file else text, encoding="utf-8")
    patch.setattr(compute, "SQL", folder)


def shorten_windows(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """One constant changed: an hour of a window has 59 minutes."""
    plant_in_windows(
        patch, folder, "rolling", "window_hours * INTERVAL '1' HOUR", "window_hours * INTERVAL '59' MINUTE"
    )
