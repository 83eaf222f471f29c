"""Numbers as people read them: what is not known is said to be so, and nothing is written as 1e+04."""

import math

UNKNOWN = "unknown"


def number(value: object, form: str = ",.0f", unit: str = "") -> str:
    """The number in that form with its unit; `unknown` for None, NaN, infinity and what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return UNKNOWN
    return f"{value:{form}}{unit}"


def money(value: object, currency: str = "") -> str:
    """An amount: whole from 100 on or if it is whole, else with its hundredths."""
    form = ",.0f" if isinstance(value, int | float) and (abs(value) >= 100 or value % 1 == 0) else ",.2f"
    return number(value, form, f" {currency}" if currency else "")


def between(low: object, high: object, form: str = ",.0f", unit: str = "") -> str:
    """Two ends of an interval; `unknown` if one of them is."""
    ends = number(low, form, unit), number(high, form, unit)
    return UNKNOWN if UNKNOWN in ends else " to ".join(ends)


def share(value: object, places: int = 0) -> str:
    """A share of 1 in percent; `unknown` if it is no number."""
    return UNKNOWN if number(value) == UNKNOWN or not isinstance(value, int | float) else f"{100 * value:,.{places}f} %"


def figure(value: object, digits: int = 4) -> str:
    """About so many digits, whatever the number's size, and never an exponent."""
    if number(value) == UNKNOWN or not isinstance(value, int | float):
        return UNKNOWN
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    shown = f"{value:,.{min(max(digits - before, 0), 12)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def rounded(found: object) -> object:
    """Plain data with every decimal number to four places: 0.24854717228311263 says no more than 0.2485."""
    if isinstance(found, dict):
        return {name: rounded(one) for name, one in found.items()}
    if isinstance(found, list):
        return [rounded(one) for one in found]
    return round(found, 4) if isinstance(found, float) else found
