"""Builds everything of hosted approval once; `bootstrap` gives what it needs and keeps what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from approval.cashier import Cashier, CashierRules
from approval.charging.queries import Charges
from approval.desk import Desk
from approval.drafts import Drafts
from approval.ending import Ending
from approval.handling import Handling, HandlingRules
from approval.hearings import Hearings
from approval.intake import Intake
from approval.licences import Licences
from approval.materials import Materials
from approval.migrations import Migrations
from approval.permitted import Deciding
from approval.posts import Posts
from approval.previews import PreviewRules, Previews
from approval.projects import Projects
from approval.queries import HostedQueries
from approval.receipts import Receipts
from approval.reuse import Reuse
from approval.reversals import Reversals
from approval.specimens import Specimens
from approval.step_records import StepRecords
from approval.storekeeping import Storekeeper
from cases.areas import Areas
from cases.service import Recorder
from config.catalogue import Catalogue
from config.changelog import ChangeLog
from config.paper_templates import PaperTemplates
from config.service import NeedsTwo
from core.child import Children
from core.unit_of_work import UnitOfWorkFactory
from papers.service import PaperService


@dataclass(frozen=True, slots=True)
class Parts:
    """What the rest of the program brings along. `words` gives the Chinese sentences of the papers."""

    units: UnitOfWorkFactory
    recorder: Recorder
    areas: Areas
    catalogue: Catalogue
    papers: PaperService
    words: Callable[..., str]
    has_words: Callable[[str], bool]
    rules: HandlingRules
    cashier_rules: CashierRules
    materials: Materials
    drafts_kept_days: int
    password_key: bytes
    changes: ChangeLog
    needs_two: NeedsTwo
    migration_cases: int
    public_url: str
    children: Children
    preview_rules: PreviewRules
    orphan_days: int
    templates: PaperTemplates
    reuse_days: int


@dataclass(frozen=True, slots=True)
class Approval:
    """The services of hosted approval."""

    desk: Desk
    intake: Intake
    handling: Handling
    ending: Ending
    cashier: Cashier
    reversals: Reversals
    projects: Projects
    licences: Licences
    step_records: StepRecords
    hearings: Hearings
    posts: Posts
    queries: HostedQueries
    charges: Charges
    materials: Materials
    previews: Previews
    storekeeper: Storekeeper
    reuse: Reuse
    specimens: Specimens
    drafts: Drafts
    migrations: Migrations


def build_approval(parts: Parts) -> Approval:
    """All services on the parts given."""
    catalogue = parts.catalogue

    def org_names(code: str) -> tuple[str, str]:
        organisation = catalogue.organisations[code]
        return organisation.name, organisation.short

    def item_name(code: str) -> str:
        item = catalogue.find_item(code)
        return item.name if item is not None else code

    receipts = Receipts(parts.papers, parts.words, org_names, item_name, parts.has_words, parts.templates, parts.public_url)
    desk = Desk(parts.units, parts.recorder, parts.areas, catalogue, receipts, parts.password_key, parts.materials.check_room)
    previews = Previews(parts.materials.open, parts.children, parts.preview_rules)
    parts.materials.prepare = previews.prepare
    licences = Licences(desk, parts.rules)
    intake, handling, ending = Intake(desk), Handling(desk, parts.rules), Ending(desk, parts.rules, licences)
    queries = HostedQueries(parts.units.database, Deciding(parts.rules.extension_posts, parts.cashier_rules.posts),
                            parts.password_key)
    drafts = Drafts(parts.units, parts.materials, parts.drafts_kept_days)
    return Approval(
        desk=desk, intake=intake, handling=handling, ending=ending, hearings=Hearings(desk), queries=queries, drafts=drafts,
        licences=licences, cashier=Cashier(desk, parts.cashier_rules), charges=Charges(parts.units.database, queries.sight),
        step_records=StepRecords(desk), reversals=Reversals(desk, parts.cashier_rules),
        projects=Projects(desk, intake, handling, ending, licences, parts.words), posts=Posts(parts.units, parts.changes),
        materials=parts.materials, previews=previews, reuse=Reuse(desk, intake, queries, drafts, parts.reuse_days),
        storekeeper=Storekeeper(parts.units.database, parts.materials, parts.orphan_days),
        specimens=Specimens(receipts, parts.templates, parts.papers.fonts, parts.children, catalogue),
        migrations=Migrations(desk, parts.recorder, parts.changes, parts.needs_two, parts.migration_cases))
