"""What runs by itself in the sandbox, at the world's word: the sandbox's own code, as it is at that hour."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlsystem import storage
from mlsystem.practice.drills import sandbox
from mlsystem.practice.drills.sandbox import Sandbox
from mlsystem.settings import tools_dir

LOG = "schedules.log"  # beside the servers'
DRIVER = Path(__file__).with_name("driver.py")


@dataclass
class Schedules:
    """One process of the sandbox, which takes its code up again when a file of it or a setting changes."""

    own: Sandbox
    _driver: subprocess.Popen[str] | None = field(default=None, repr=False)
    _code: str = ""

    def tell(self, do: str, **what: str) -> Any:
        """Let the sandbox's own code do something; None if it could not; LOG tells how it went."""
        self.renew()
        return self._say(do, **what)

    def renew(self) -> None:
        """With the code as it is now: what was deployed since is taken up, as by a schedule."""
        code = _code(self.own.project)
        if self._driver is not None and self._driver.poll() is not None:
            self.stop()
        if self._driver is None:
            self._driver = sandbox.run_in(self.own, ["-P", str(DRIVER)])
        elif code != self._code:
            self._say("renew")
        self._code = code

    def _say(self, do: str, **what: str) -> Any:
        driver = self._driver
        assert driver is not None
        assert driver.stdin is not None
        assert driver.stdout is not None
        try:
            driver.stdin.write(json.dumps({"do": do, **what}) + "\n")
            driver.stdin.flush()
            line = driver.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"failed": "it ended"}
        if do != "renew" or "failed" in answer:
            path = tools_dir(self.own.settings) / "logs" / LOG
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as log:
                log.write(f"{' '.join([do, *what.values()])}: {answer.get('failed') or answer.get('done') or 'done'}\n")
        return answer.get("done")

    def stop(self) -> None:
        if self._driver is not None:
            self._driver.kill()
            self._driver.communicate()
            self._driver = None


def _code(project: Path) -> str:
    """Changes when a file of the code or of the settings does."""
    files = [path for path in sorted((project / "src").rglob("*")) if path.suffix in (".py", ".sql", ".j2")]
    seen = [f"{path} {path.stat().st_mtime_ns}" for path in [*files, project / sandbox.ENV] if path.exists()]
    return storage.digest(*seen)
