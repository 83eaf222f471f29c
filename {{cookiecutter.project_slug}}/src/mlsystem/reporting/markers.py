"""Text that a machine writes into a page between two markers, and only there."""

from dataclasses import dataclass
from pathlib import Path

from mlsystem import storage
from mlsystem.errors import UserError


class MarkersMissing(UserError):
    """The page has no place for the text."""


@dataclass(frozen=True)
class Marked:
    """The two lines between which the text stands."""

    begin: str
    end: str

    def write(self, page: Path, text: str) -> None:
        """Replace what stands between them. Raises MarkersMissing."""
        whole = page.read_text(encoding="utf-8")
        if self.begin not in whole or self.end not in whole:
            raise MarkersMissing(f"{page} has no lines `{self.begin}` and `{self.end}`; put them where it belongs")
        head, tail = whole.split(self.begin)[0], whole.split(self.end)[1]
        storage.write_text(page, f"{head}{self.begin}\n{text}\n{self.end}{tail}")
