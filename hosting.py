"""The approval wired to the rest: how cases are handled here, where their files lie.

`bootstrap` builds it once.
"""

from __future__ import annotations

from approval.assembly import Approval, build_approval
from approval.assembly import Parts as ApprovalParts
from approval.cashier import CashierRules
from approval.handling import HandlingRules
from approval.materials import MaterialRules, Materials, clamd_scanner
from approval.previews import PreviewRules
from approval.s3_store import S3Rules, S3Store
from approval.stores import FolderStore, Store
from cases.areas import Areas
from cases.chain import ChainKeys
from cases.service import Recorder
from config.catalogue import Catalogue
from config.changelog import ChangeLog
from config.paper_templates import PaperTemplates
from config.settings import Settings
from config.texts import Texts
from config.two_persons import TwoPersons
from core.child import Children
from core.errors import ConfigError
from core.unit_of_work import UnitOfWorkFactory
from supervision.assembly import FollowUpDesk

__all__ = ["Approval", "approval_of", "material_store"]


def approval_of(settings: Settings, uow: UnitOfWorkFactory, recorder: Recorder, areas: Areas, catalogue: Catalogue,
                follow_up: FollowUpDesk, chinese: Texts, keys: ChainKeys, changes: ChangeLog, needs_two: TwoPersons,
                children: Children, templates: PaperTemplates) -> Approval:
    """Everything that handles cases here, as the settings say."""
    given = settings.approval
    return build_approval(ApprovalParts(
        uow, recorder, areas, catalogue, follow_up.papers, chinese.get, chinese.has,
        HandlingRules(given.extension_posts, given.extension_notice_days, given.extension_days_max),
        _cashiers(settings), _materials(settings),
        given.draft_kept_days, keys.key("hosted"), changes, needs_two, given.migration_cases_max,
        settings.portal.base_url, children, PreviewRules(given.preview_dir, given.preview_pages, given.preview_mib),
        given.orphan_days, templates, given.reuse_days))


def _cashiers(settings: Settings) -> CashierRules:
    given = settings.payments
    return CashierRules(given.cashier_posts, None if given.second_person_from < 0 else given.second_person_from * 100)


def _materials(settings: Settings) -> Materials:
    given = settings.approval
    rules = MaterialRules(given.material_max_bytes, given.materials_per_case, tuple(given.material_types.split()),
                          given.materials_max_mib << 20)
    scan = clamd_scanner(given.clamd, given.clamd_timeout_s) if given.clamd else None
    return Materials(material_store(settings, given.material_store), rules, scan)


def material_store(settings: Settings, name: str) -> Store:
    """The store of that name: `disk` or `s3`. Raises ConfigError when the settings do not say where it is."""
    if name == "disk":
        return FolderStore(settings.approval.material_dir)
    given = settings.s3
    if not (given.endpoint and given.bucket and given.access_key and given.secret_key):
        raise ConfigError("s3_incomplete", remedy="set s3.endpoint, s3.bucket, s3.access_key and s3.secret_key")
    return S3Store(S3Rules(str(given.endpoint), given.bucket, given.region, given.access_key,
                           given.secret_key.get_secret_value(), given.prefix, given.timeout_s, given.attempts))
