"""The sandbox's Prometheus, on the sandbox's time: an hour of its rules passes about as quickly as one of the drill.

It reads the rules of the sandbox's project, so an alert that somebody changes is changed here, at the next hour. Which
alerts fired at which hour is kept beside it.
"""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from mlsystem import storage
from mlsystem.addresses import address, ask
from mlsystem.practice.drills.sandbox import Sandbox, begin_in
from mlsystem.processes.servers import write_prometheus

RULES = "ops/prometheus/rules.yml"
SECONDS_AN_HOUR = 10.0  # of the drill
RULES_SECONDS = 12.0  # an hour of the rules: callers ask once an hour, and a window must not fall between two of them
FASTER = round(3_600 / RULES_SECONDS)
SCRAPE = "400ms"  # the shortest window, 5 minutes, is 1 s here; a busy service needs a moment for a scrape
PER_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
DURATION = re.compile(r"(\[|for: |offset )(\d+)([smhd])\b")
AGE = re.compile(r"(time\(\) - [^>]+> )(\d+)")  # seconds, compared with this machine's clock
ALERTS = "alerts.jsonl"


def faster(rules: str) -> str:
    """The rules with every duration divided by FASTER; a window is an hour at least, for callers ask once an hour."""

    def shorter(found: re.Match[str]) -> str:
        seconds = int(found[2]) * PER_UNIT[found[3]]
        least = PER_UNIT["h"] if found[1] == "[" else 0
        return f"{found[1]}{max(seconds, least) * 1_000 // FASTER}ms"

    return AGE.sub(lambda found: f"{found[1]}{int(found[2]) / FASTER:g}", DURATION.sub(shorter, rules))


@dataclass
class Watcher:
    """Where Prometheus is installed; without it no alert fires, and `is_there` says so."""

    own: Sandbox

    @property
    def is_there(self) -> bool:
        return shutil.which("prometheus") is not None

    @property
    def url(self) -> str:
        return address(self.own.settings, "prometheus").url

    @property
    def folder(self) -> Path:
        return self.own.settings.data_dir / "tools" / "prometheus"

    def start(self) -> None:
        """It ends with the sandbox alone."""
        if not self.is_there:
            return
        write_prometheus(self.own.settings, self.folder)
        config = (self.folder / "prometheus.yml").read_text(encoding="utf-8")
        storage.write_text(self.folder / "prometheus.yml", re.sub(r"interval: \w+", f"interval: {SCRAPE}", config))
        self._take_rules()
        at = address(self.own.settings, "prometheus")
        command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb", "--web.enable-lifecycle"]
        begin_in(self.own, [*command, f"--web.listen-address={at.listen}"], self.folder)

    def loaded(self) -> set[str]:
        """The names of the alerts that it evaluates; none if it does not answer."""
        with suppress(httpx.HTTPError, ValueError, KeyError):
            groups = httpx.get(f"{self.url}/api/v1/rules", trust_env=False).json()["data"]["groups"]
            return {one["name"] for group in groups for one in group["rules"] if one["type"] == "alerting"}
        return set()

    def look(self, moment: datetime) -> None:
        """Take changed rules, and keep which alerts fire at that hour."""
        if not self.is_there:
            return
        if self._take_rules():
            with suppress(httpx.HTTPError):  # one that is down reads them when it starts
                httpx.post(f"{self.url}/-/reload", trust_env=False)
        line = {"at": moment.isoformat(), "firing": sorted(self.firing())}
        with (self.own.home / ALERTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        try:
            status, content = ask(f"{self.url}/api/v1/alerts")
            alerts = json.loads(content)["data"]["alerts"] if status == 200 else []
        except (OSError, ValueError, KeyError):
            return set()
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def history(self) -> list[tuple[datetime, set[str]]]:
        """By hour, the alerts that fired."""
        path = self.own.home / ALERTS
        lines = map(json.loads, path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
        return [(datetime.fromisoformat(line["at"]), set(line["firing"])) for line in lines]

    def _take_rules(self) -> bool:
        """The project's rules as they are now; whether they changed."""
        path, mine = self.own.project / RULES, self.folder / "rules.yml"
        rules = faster(path.read_text(encoding="utf-8")) if path.exists() else "groups: []\n"
        if mine.exists() and mine.read_text(encoding="utf-8") == rules:
            return False
        storage.write_text(mine, rules)
        return True
