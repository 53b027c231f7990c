"""Who is on duty, from a weekly plan with dated exceptions; and whom an organisation answers through (联络员)."""

from alerts.roster.plan import OnDuty
from alerts.roster.queries import Roster

__all__ = ["OnDuty", "Roster"]
