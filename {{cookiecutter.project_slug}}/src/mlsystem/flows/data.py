"""From raw files to features: deliver, validate, compute. A day or a year, and again for free."""

from datetime import date
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_link_artifact, create_table_artifact

from mlsystem import storage
from mlsystem.errors import UserError
from mlsystem.progress import say
from mlsystem.settings import load_settings

SAID = 5  # of the raw lines that could not be read


class DaysStopped(UserError):
    """Days broke a rule that lets no day pass; the others went on."""


def may_pass(task: Any, run: Any, state: Any) -> bool:
    """Whether another try could help: not where a person has to do something."""
    return not isinstance(state.result(raise_on_failure=False), UserError)


# A full or slow disk can pass.
@task(retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=may_pass)
def deliver_days(first: date, last: date) -> int:
    from mlsystem.source.deliver import deliver, malformed

    source_dir = load_settings().source_dir
    delivered = deliver(storage.day_range(first, last), source_dir)
    unread = malformed(source_dir)
    for row in unread.slice(0, SAID).to_pylist():
        say(f"  {row['file']}, line {row['line']}, is left out: {row['reason']}")
    if unread.num_rows > SAID:
        say(f"  and {unread.num_rows - SAID:,} more lines; {source_dir / 'malformed.parquet'} has them all")
    return delivered


@task  # no retry: a rule that fails once fails again
def validate_days(first: date, last: date, again: bool = False) -> dict[str, Any]:
    from mlsystem.validation.validate import validate

    settings = load_settings()
    report = validate(storage.day_range(first, last), settings.source_dir, settings.validated_dir, again)
    for day, reason in report.stopped.items():
        say(f"  STOPPED {day}: {reason}")
    return {
        "days": report.days,
        "rows": report.rows,
        "quarantined": report.quarantined,
        "warnings": report.warnings,
        "stopped": {str(day): reason for day, reason in report.stopped.items()},
    }


@task(retries=2, retry_delay_seconds=[1, 5], retry_condition_fn=may_pass)
def compute_features(first: date, last: date) -> int:
    from mlsystem.features import build

    settings = load_settings()
    days = build.feature_days(first, last)
    return build.build(days, settings.validated_dir, settings.features_dir)


@flow(name="start")
def start_prefect() -> None:
    """Nothing but the first flow of a process: it waits for Prefect's embedded server, so that the next do not."""


@flow(name="ingest")
def ingest(first: date, last: date, again: bool = False) -> dict[str, Any]:
    """Deliver each day's events, then let only rows pass that keep the contract. Raises DayOutside, DaysStopped.

    What was validated by today's rules is not looked at, unless `again`.
    """
    say(f"delivering {first} to {last}")
    delivered = deliver_days(first, last)
    say("validating")
    validated = validate_days(first, last, again)
    stopped = validated["stopped"]
    create_table_artifact(
        key="validation", table=[{"delivered_days": delivered} | validated | {"stopped": len(stopped)}]
    )
    validated_dir = load_settings().validated_dir
    docs = validated_dir / "docs/gx/uncommitted/data_docs/local_site/index.html"
    create_link_artifact(key="data-docs", link=docs.as_uri(), link_text="Data Docs")
    if stopped:
        day, reason = min(stopped.items())
        raise DaysStopped(
            f"{len(stopped)} of {validated['days']} days stopped, such as {day} ({reason}); the others went on. "
            f"{validated_dir / 'breaches'} has every broken rule; mend the source or the rule, then `make ingest` again"
        )
    return validated | {"stopped": 0}


@flow(name="build-features")
def build_features(first: date, last: date) -> int:
    """Compute every view's rows for the days that service dates `first` to `last` need."""
    say("computing features")
    return compute_features(first, last)
