"""The domain's moments: when a flight is predicted, when a fact counts as too late, where the clocks are."""

from datetime import timedelta
from zoneinfo import ZoneInfo

HOME_TIME_ZONE = ZoneInfo("America/New_York")  # all three origins; a service date is a day there
PREDICTION_LEAD = timedelta(hours=2)  # as_of = scheduled departure - 2 h: a traveller can still change plans
LATENESS_BOUND = timedelta(hours=24)  # a fact that arrives later than this is counted, not used
LOOKBACK_DAYS = 3  # service dates before a day that can still matter to it: longest delay 22 h, longest window 24 h
