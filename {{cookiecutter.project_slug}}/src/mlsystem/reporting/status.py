"""The system as it is -> reports/status.html: in one line whether all is well, then the numbers with their time."""

from datetime import UTC, datetime
from pathlib import Path

from mlsystem import storage
from mlsystem.reporting import templates
from mlsystem.reporting.sections import consumer, drift, held, monitoring, service
from mlsystem.reporting.system_state import State, read_state
from mlsystem.reporting.verdict import level, wrongs
from mlsystem.settings import Project, Settings, load_project

SHOWN_MOVES = 20  # the newest, and as many decisions; all are in promotions.jsonl and retraining.jsonl
HEADLINES = {"well": "All is well", "idle": "Nothing is running"}


def write_status(settings: Settings) -> tuple[Path, str]:
    """Look, write the page, and give its path and its first line."""
    state, page = read_state(settings), settings.reports_dir / "status.html"
    storage.write_text(page, render(state, load_project(), datetime.now(UTC)))
    return page, headline(state)


def headline(state: State) -> str:
    found = wrongs(state)
    if found:
        return f"{len(found)} thing{'s are' if len(found) > 1 else ' is'} wrong: " + "; ".join(found)
    return HEADLINES[level(state, found)]


def render(state: State, project: Project, now: datetime) -> str:
    """The whole page as one HTML text that needs no network."""
    found = wrongs(state)
    sections = service(state.service), consumer(state.consumer), monitoring(state.monitoring), drift(state.monitoring)
    return templates.fill(
        "status.html.j2",
        project=project.name,
        now=now,
        level=level(state, found),
        headlines=HEADLINES,
        wrongs=found,
        next_step=next_step(state),
        sections=[one for one in sections if one is not None],
        models=state.models,
        moves=state.models.moves[:SHOWN_MOVES],
        notes=state.models.notes[:SHOWN_MOVES],
        checks=held(state.monitoring),
        monitoring=state.monitoring,
    )


def next_step(state: State) -> str:
    """What to do when nothing runs."""
    if state.models.champion is None:
        return "No model was ever trained here: `make demo` runs the whole system, `make train` trains one."
    return "`make up` starts the service and the consumer; `make replay` plays a past day through them."
