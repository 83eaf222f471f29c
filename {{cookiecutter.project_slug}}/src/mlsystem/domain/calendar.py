"""The domain's moments: when a flight is predicted, how far back a fact can matter, where the clocks are."""

from datetime import timedelta
from zoneinfo import ZoneInfo

HOME_TIME_ZONE = ZoneInfo("America/New_York")  # all three origins; a service date is a day there
PREDICTION_LEAD = timedelta(hours=2)  # as_of = scheduled departure - 2 h: a traveller can still change plans
LOOKBACK_DAYS = 3  # service dates before a day that can still matter to it: longest delay 22 h, longest window 24 h
