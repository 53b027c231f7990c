"""attachments of replies; who looked at evidence

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'attachments',
        sa.Column('card_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
        sa.Column('name', sa.String(length=160), nullable=False),
        sa.Column('media_type', sa.String(length=96), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('uploaded_by', sa.String(length=64), nullable=False),
        sa.Column('uploaded_name', sa.String(length=64), nullable=False),
        sa.Column('uploaded_at', sa.BigInteger(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('card_id', 'sha256', name=op.f('pk_attachments')))
    op.create_table(
        'read_log',
        sa.Column('id', sa.Integer(), autoincrement=True, nullable=False),
        sa.Column('at', sa.BigInteger(), nullable=False),
        sa.Column('actor', sa.String(length=64), nullable=False),
        sa.Column('actor_name', sa.String(length=64), nullable=False),
        sa.Column('what', sa.String(length=32), nullable=False),
        sa.Column('subject', sa.String(length=160), nullable=False),
        sa.Column('address', sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_read_log')))
    with op.batch_alter_table('read_log', schema=None) as batch_op:
        batch_op.create_index('ix_read_log_subject', ['what', 'subject'], unique=False)


def downgrade() -> None:
    op.drop_table('read_log')
    op.drop_table('attachments')
