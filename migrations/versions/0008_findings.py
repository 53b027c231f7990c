"""Findings of the detectors, the log of their runs, volumes units report of themselves

Revision ID: 0008
Revises: 0007
"""
import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'findings',
        sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('detector', sa.String(8), nullable=False),
        sa.Column('area', sa.String(64), nullable=False),
        sa.Column('org', sa.String(128), nullable=False),
        sa.Column('subject_kind', sa.String(8), nullable=False),
        sa.Column('subject', sa.String(160), nullable=False),
        sa.Column('first_day', sa.Integer(), nullable=False),
        sa.Column('last_day', sa.Integer(), nullable=False),
        sa.Column('version', sa.String(64), nullable=False),
        sa.Column('level', sa.SmallInteger(), nullable=False),
        sa.Column('figures', sa.Text(), nullable=False),
        sa.Column('evidence', sa.Text(), nullable=False),
        sa.Column('evidence_count', sa.Integer(), nullable=False),
        sa.Column('peers', sa.Text(), nullable=False),
        sa.Column('parameters', sa.Text(), nullable=False),
        sa.Column('state', sa.String(12), nullable=False),
        sa.Column('holds', sa.Boolean(), nullable=False),
        sa.Column('found_at', sa.BigInteger(), nullable=False),
        sa.Column('changed_at', sa.BigInteger(), nullable=False),
        sa.Column('ended_at', sa.BigInteger()),
        sa.Column('decided_by', sa.String(64)),
        sa.Column('decided_name', sa.String(64)),
        sa.Column('decided_at', sa.BigInteger()),
        sa.Column('reason', sa.Text()),
        sa.Column('note', sa.Text()),
        sa.Column('rev', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_findings')),
        sa.UniqueConstraint('detector', 'area', 'org', 'subject_kind', 'subject', 'first_day', 'last_day',
                            name='uq_findings_detector_subject_period'),
    )
    op.create_index('ix_findings_state', 'findings', ['state', 'holds'])
    op.create_table(
        'detector_runs',
        sa.Column('run_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('detector', sa.String(8), nullable=False),
        sa.Column('area', sa.String(64), nullable=False),
        sa.Column('first_day', sa.Integer(), nullable=False),
        sa.Column('last_day', sa.Integer(), nullable=False),
        sa.Column('started_at', sa.BigInteger(), nullable=False),
        sa.Column('milliseconds', sa.Integer(), nullable=False),
        sa.Column('cases', sa.Integer(), nullable=False),
        sa.Column('rows_read', sa.Integer(), nullable=False),
        sa.Column('findings', sa.Integer(), nullable=False),
        sa.Column('error', sa.Text()),
        sa.PrimaryKeyConstraint('run_id', 'detector', 'area', name=op.f('pk_detector_runs')),
    )
    op.create_table(
        'reported_volumes',
        sa.Column('area', sa.String(64), nullable=False),
        sa.Column('org', sa.String(128), nullable=False),
        sa.Column('first_day', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('last_day', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('kind', sa.String(32), nullable=False),
        sa.Column('amount', sa.Integer(), nullable=False),
        sa.Column('reported_at', sa.BigInteger(), nullable=False),
        sa.Column('reported_by', sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint('area', 'org', 'first_day', 'last_day', 'kind', name=op.f('pk_reported_volumes')),
    )


def downgrade() -> None:
    op.drop_table('reported_volumes')
    op.drop_table('detector_runs')
    op.drop_index('ix_findings_state', table_name='findings')
    op.drop_table('findings')
