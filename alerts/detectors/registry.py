"""All thirty detectors, in the order of the catalogue (domain.md §12.2)."""

from __future__ import annotations

from alerts.detectors.acceptance import G5LateAcceptance, G6Corrections, G22NeverTold
from alerts.detectors.aftermath import G14Rewritten, G15MovedGoal, G20Revoked
from alerts.detectors.base import Watch
from alerts.detectors.endings import G8Evaded, G17AtTheEnd, G21NotDelivered
from alerts.detectors.entry import G1AfterTheFact, G2Batch, G4HandledFirst, G29Backdated
from alerts.detectors.money import G27Fees
from alerts.detectors.outages import G23Outages
from alerts.detectors.pace import G11InSeconds, G13OffHours, G16EmptyPromise, G30Regular
from alerts.detectors.people import G12Alone, G19SelfPraise, G28Numb
from alerts.detectors.stops import G7Specials, G24Reassigned, G25Extensions, G26Deferred
from alerts.detectors.volume import G3OffSystem, G9Split, G10Invented, G18Selective
from config.detectors import CommonParameters

DETECTORS: tuple[type[Watch], ...] = (
    G1AfterTheFact, G2Batch, G3OffSystem, G4HandledFirst, G5LateAcceptance, G6Corrections, G7Specials, G8Evaded, G9Split,
    G10Invented, G11InSeconds, G12Alone, G13OffHours, G14Rewritten, G15MovedGoal, G16EmptyPromise, G17AtTheEnd, G18Selective,
    G19SelfPraise, G20Revoked, G21NotDelivered, G22NeverTold, G23Outages, G24Reassigned, G25Extensions, G26Deferred, G27Fees,
    G28Numb, G29Backdated, G30Regular)
BY_ID: dict[str, type[Watch]] = {detector.id: detector for detector in DETECTORS}


def shapes() -> dict[str, type[CommonParameters]]:
    """The parameters of every detector, for config.detectors."""
    return {detector.id: detector.Parameters for detector in DETECTORS}
