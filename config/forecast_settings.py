"""Settings of the forecast of overruns (docs/forecast.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.documents import Strict
from config.setting_types import Count, Seconds

Share = Annotated[float, Field(gt=0, lt=1)]


class ForecastSettings(Strict):
    """Chance of overrun of open cases: what is learnt from, how often, when to keep silent."""

    enabled: bool = Field(description="Whether jobs train and refresh; without them nothing is foretold anywhere.")
    interval_s: Seconds = Field(description="Seconds between two looks for cases that changed.")
    train_every_h: Count = Field(description="Hours of business time after which the model is learnt anew.")
    cases_max: Count = Field(description="Cases learnt from, the newest acceptances; each takes some 8 KiB while learning.")
    train_days: Count = Field(description="Calendar days before which a case was accepted too long ago to learn from.")
    half_life_days: Count = Field(description="Calendar days after which a case weighs half as much.")
    cases_min: Count = Field(description="Ended cases a group needs; below it the next wider one speaks, at last nobody.")
    backtest_days: Count = Field(description="Calendar days of the past the forecast is tried on at each training.")
    snapshot_days: Count = Field(description="Calendar days between two trial forecasts of a back-test.")
    retrain_days: Count = Field(description="Calendar days between two trainings of a back-test.")
    correct_from: Count = Field(description="Settled trial forecasts from which on a correction of chances is tried.")
    likely: Share = Field(description="Chance from which on a case is called likely to overrun.")
    batch: Count = Field(description="Cases foretold in one transaction.")
    keep_models: Count = Field(description="Models kept, the newest; older ones are forgotten with their reports.")
