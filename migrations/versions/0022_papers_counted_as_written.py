"""papers are counted by what is written before the year, not by the issuer's name, which may be as long as a unit's

Revision 0022, after 0021.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
_FILES = ("docx", "pdf")  # anybody may ask whether a file is one we issued

_OF_PAPERS = "EXISTS (SELECT 1 FROM papers WHERE {name} = paper_numbers.series AND papers.kind = paper_numbers.kind " \
    "AND papers.year = paper_numbers.year)"
_SAME_PLACE = "EXISTS (SELECT 1 FROM papers AS other WHERE other.number <> papers.number AND other.issuer = papers.issuer " \
    "AND other.kind = papers.kind AND other.year = papers.year AND other.place = papers.place)"


def upgrade() -> None:
    op.execute("ALTER TABLE paper_numbers RENAME COLUMN issuer TO series")
    _count("papers.issuer", _prefix())  # while the index still finds papers by issuer
    op.drop_index("uq_papers_series", table_name="papers")
    with op.batch_alter_table("papers") as batch:
        batch.alter_column("issuer", existing_type=sa.String(64), type_=sa.String(128), existing_nullable=False)
    for file in _FILES:
        op.create_index(f"ix_papers_{file}_sha256", "papers", [f"{file}_sha256"])


def downgrade() -> None:
    """Counted by name again. Papers of one issuer that share a place, as different words before it allow, take that word as
    their issuer: the index of before knows no other difference."""
    for file in _FILES:
        op.drop_index(f"ix_papers_{file}_sha256", table_name="papers")
    op.execute("UPDATE papers SET issuer = substr(issuer, 1, 64) WHERE length(issuer) > 64")
    _count(_prefix(), "papers.issuer")
    op.execute(f"UPDATE papers SET issuer = {_prefix()} WHERE number IN (SELECT number FROM papers WHERE {_SAME_PLACE})")
    with op.batch_alter_table("papers") as batch:
        batch.alter_column("issuer", existing_type=sa.String(128), type_=sa.String(64), existing_nullable=False)
    op.create_index("uq_papers_series", "papers", ["issuer", "kind", "year", "place"], unique=True)
    op.execute("ALTER TABLE paper_numbers RENAME COLUMN series TO issuer")


def _count(before: str, after: str) -> None:
    """Instead of the counters named `before`, those named `after`, where the papers issued have come to."""
    op.execute(f"DELETE FROM paper_numbers WHERE {_OF_PAPERS.format(name=before)}")
    op.execute(f"INSERT INTO paper_numbers (series, kind, year, last) SELECT {after}, kind, year, max(place) FROM papers "
               f"GROUP BY {after}, kind, year")


def _prefix() -> str:
    """What is written before the year."""
    if op.get_bind().dialect.name == "sqlite":
        return "substr(papers.number, 1, instr(papers.number, '〔') - 1)"
    return "split_part(papers.number, '〔', 1)"
