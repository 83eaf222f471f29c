"""A city's meal deliveries for a year, drawn from a law that is written down here: so each order's truth is known.

Restaurants, couriers and districts each have a habit, and a state that wanders through the day; rain slows everybody.
How many minutes late an order comes is a mean that follows from these, and a bell curve around it. Of the state the
system sees only what earlier orders show. On CHANGED_ON a bridge closes, and one district is further away for good.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

ZONE = ZoneInfo("Europe/Warsaw")
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2024, 12, 31)
CLOSED = (date(2024, 3, 31), date(2024, 5, 1), date(2024, 11, 1))  # nobody cooks: days without an order
CHANGED_ON, CUT_OFF = date(2024, 9, 16), "praga"
DETOUR_MINUTES = 8.0
CHANGE = "the bridge to praga is closed"
DISTRICTS = ("bielany", "mokotow", "ochota", "praga", "srodmiescie", "wola")
RESTAURANTS = tuple(f"r{number:02d}" for number in range(1, 49))
COURIERS = tuple(f"c{number:03d}" for number in range(1, 91))
ORDERS_A_DAY = 420
LATE_MINUTES = 15
USUAL_MINUTES = 2.0  # an order comes so much after its promise, if nobody is slow
NOISE_MINUTES = 6.0  # of a single order, which nobody could foresee
SLOTS = 48  # half hours of a day
FILES = ("raw_orders", "raw_weather", "truth")
ORDER_COLUMNS = ("order_id", "restaurant", "courier", "carried_by", "district", "items", "kilometres")
INSTANT_COLUMNS = ("ordered_at", "promised_at", "picked_up_at", "handed_over_at")


@dataclass(frozen=True)
class Habits:
    """Minutes by which each is slower than usual, all year."""

    restaurants: np.ndarray
    couriers: np.ndarray
    districts: np.ndarray


def simulate(folder: Path, seed: int) -> dict[str, Path]:
    """The paths of the year's raw files and of the truth beside them, written if they are not there yet.

    The same seed gives the same bytes.
    """
    paths = {name: folder / f"{name}-{seed}.csv" for name in FILES}
    if all(path.exists() for path in paths.values()):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    habits = Habits(*(_habits(random, spread, size) for spread, size in ((2.2, 48), (1.6, 90), (1.2, 6))))
    mood = np.zeros(len(RESTAURANTS))  # a restaurant's good and bad weeks
    orders: list[Sequence[str]] = []
    weather: list[Sequence[str]] = []
    truth: list[Sequence[str]] = []
    for day in _days():
        rain, mood = _rain(random), 0.9 * mood + random.normal(0, 0.7, len(mood))
        weather += _observations(day, rain)
        if day not in CLOSED:
            made = list(_orders(day, rain, mood, habits, random))
            orders += [row for row, _ in made]
            truth += [(row[0], f"{probability:.9f}") for row, probability in made]
    _write(paths["raw_weather"], ("observed_at", "rain_mm"), weather)
    _write(paths["truth"], ("order_id", "probability"), truth)
    _write(paths["raw_orders"], (*ORDER_COLUMNS, *INSTANT_COLUMNS), orders)
    return paths


def probabilities(folder: Path, seed: int) -> dict[str, float]:
    """By order, the true probability that it comes late, to whoever knew everything when it was placed."""
    with simulate(folder, seed)["truth"].open(encoding="utf-8", newline="") as rows:
        return {row["order_id"]: float(row["probability"]) for row in csv.DictReader(rows)}


def _days() -> Iterator[date]:
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        yield FIRST_DAY + timedelta(days=number)


def _habits(random: np.random.Generator, spread: float, size: int) -> np.ndarray:
    """Around zero, so that one seed's city is as late as another's."""
    drawn = random.normal(0, spread, size)
    return drawn - drawn.mean()


def _rain(random: np.random.Generator) -> np.ndarray:
    """Millimetres an hour in each half hour: showers that begin and end by chance."""
    falls, fallen = False, np.zeros(SLOTS)
    for slot in range(SLOTS):
        falls = random.random() < (0.85 if falls else 0.025)
        fallen[slot] = random.gamma(1.5, 1.2) if falls else 0.0
    return fallen


def _observations(day: date, rain: np.ndarray) -> Iterator[tuple[str, str]]:
    """A row per half hour that the day really has: 46 or 50 where the clock is changed."""
    midnight, next_midnight = _instant(day, 0), _instant(day + timedelta(days=1), 0)
    for slot in range((next_midnight - midnight) // timedelta(minutes=30)):
        yield _text(midnight + slot * timedelta(minutes=30)), f"{rain[min(slot, SLOTS - 1)]:.1f}"


def _wandering(random: np.random.Generator, count: int, spread: float) -> np.ndarray:
    """The state of each through a day: (count, SLOTS), each half hour mostly like the one before."""
    state, steps = np.zeros((count, SLOTS)), random.normal(0, spread * math.sqrt(1 - 0.9**2), (count, SLOTS))
    state[:, 0] = random.normal(0, spread, count)
    for slot in range(1, SLOTS):
        state[:, slot] = 0.9 * state[:, slot - 1] + steps[:, slot]
    return state


def _orders(
    day: date, rain: np.ndarray, mood: np.ndarray, habits: Habits, random: np.random.Generator
) -> Iterator[tuple[tuple[str, ...], float]]:
    """The day's orders in the order of their time, as rows of the raw file, each with its true probability."""
    count = random.poisson(ORDERS_A_DAY * (1.3 if day.weekday() >= 4 else 0.9))
    minute = np.sort(_minutes_of_day(count, random))
    slot = (minute // 30).astype(int)
    restaurant, courier = random.integers(len(RESTAURANTS), size=count), random.integers(len(COURIERS), size=count)
    district = random.choice(len(DISTRICTS), size=count, p=(0.12, 0.22, 0.14, 0.13, 0.24, 0.15))
    items, kilometres = 1 + random.poisson(2.0, count), np.round(random.gamma(4.0, 0.8, count) + 0.4, 1)
    kitchen = (
        _wandering(random, len(RESTAURANTS), 2.2)[restaurant, slot] + mood[restaurant] + habits.restaurants[restaurant]
    )
    streets = _wandering(random, len(DISTRICTS), 1.8)[district, slot] + habits.districts[district]
    is_cut_off = (district == DISTRICTS.index(CUT_OFF)) & (day >= CHANGED_ON)
    mean = USUAL_MINUTES + kitchen + streets + habits.couriers[courier] + 1.6 * rain[slot] ** 0.7
    mean += 0.5 * (items - 3) + 0.3 * (kilometres - 3.6) + DETOUR_MINUTES * is_cut_off
    probability = np.array([_above(LATE_MINUTES, one) for one in mean])
    late = mean + random.normal(0, NOISE_MINUTES, count)
    cooking = np.maximum(4.0, 13.0 + kitchen + 0.5 * (items - 3) + random.normal(0, 2.5, count))
    is_cancelled = random.random(count) < 0.008 + 0.05 * probability
    is_assigned = random.random(count) < 0.85
    for n in range(count):
        ordered = _instant(day, float(minute[n]))
        promised = (ordered + timedelta(minutes=36 + 3 * float(kilometres[n]))).replace(second=0)
        handed_over = promised + timedelta(seconds=round(60 * float(late[n])))
        picked_up = min(ordered + timedelta(seconds=round(60 * float(cooking[n]))), handed_over - timedelta(minutes=2))
        carrier = COURIERS[courier[n]]
        told = (
            f"{ordered:%Y%m%d}-{n:04d}",
            RESTAURANTS[restaurant[n]],
            carrier if is_assigned[n] else "",
            carrier,
            DISTRICTS[district[n]],
            str(items[n]),
            f"{kilometres[n]:.1f}",
            _text(ordered),
            _text(promised),
            "" if is_cancelled[n] else _text(picked_up),
            "" if is_cancelled[n] else _text(handed_over),
        )
        yield told, float(probability[n])


def _minutes_of_day(count: int, random: np.random.Generator) -> np.ndarray:
    """When orders are placed, on the wall's clock: at lunch, at dinner, and in between."""
    about = random.choice(3, size=count, p=(0.34, 0.46, 0.2))
    meals = np.array([12.75, 19.25, 16.0])[about] + random.normal(0, 1, count) * np.array([0.9, 1.2, 3.0])[about]
    return np.clip(meals, 9.0, 23.4) * 60


def _above(limit: float, mean: float) -> float:
    return 0.5 * math.erfc((limit - mean) / NOISE_MINUTES / math.sqrt(2))


def _instant(day: date, minute: float) -> datetime:
    """In UTC, to the second."""
    wall = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(seconds=round(60 * minute))
    return wall.astimezone(UTC)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Aside, then renamed: a kill leaves no half of a year."""
    aside = path.with_suffix(".aside")
    with aside.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([tuple(heads), *rows])
    aside.replace(path)
