"""Life of a card: axes, log, deadlines, attachments; people bound to an area

Revision ID: 0007
Revises: 0006
"""
import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

AXES = (
    sa.Column('origin', sa.String(16), nullable=False, server_default='clock'),
    sa.Column('disposition', sa.String(16), nullable=False, server_default='to_sign'),
    sa.Column('first_by', sa.String(64)),
    sa.Column('first_name', sa.String(64)),
    sa.Column('first_as', sa.String(16)),
    sa.Column('first_at', sa.BigInteger()),
    sa.Column('first_comment', sa.Text()),
    sa.Column('suppression', sa.String(16), nullable=False, server_default='none'),
    sa.Column('suppressed_until', sa.BigInteger()),
    sa.Column('suppressed_by', sa.String(64)),
    sa.Column('suppressed_reason', sa.Text()),
    sa.Column('escalation', sa.Integer(), nullable=False, server_default='0'),
    sa.Column('appeal', sa.String(16), nullable=False, server_default='none'),
    sa.Column('issued_at', sa.BigInteger()),
    sa.Column('order_no', sa.String(64)),
    sa.Column('reply_limit', sa.String(16), nullable=False, server_default=sa.text("''")),
    sa.Column('reply_due_at', sa.BigInteger()),
    sa.Column('replied_by', sa.String(64)),
    sa.Column('replied_at', sa.BigInteger()),
    sa.Column('revoke_by', sa.String(64)),
    sa.Column('revoke_reason', sa.Text()),
    sa.Column('re_alarms', sa.Integer(), nullable=False, server_default='0'),
    sa.Column('flood', sa.String(32), nullable=False, server_default=sa.text("''")),
)


def upgrade() -> None:
    op.add_column('accounts', sa.Column('area', sa.String(64), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table('cards') as batch_op:
        batch_op.alter_column('key', existing_type=sa.String(64), type_=sa.String(200), existing_nullable=False)
        for column in AXES:
            batch_op.add_column(column._copy())
    # Cards of before: what their closing says, and signed where somebody had.
    op.execute("UPDATE cards SET disposition = 'signed' WHERE acked_at IS NOT NULL")
    op.execute("UPDATE cards SET disposition = 'written_off' WHERE closed_at IS NOT NULL")
    op.execute("UPDATE cards SET disposition = 'cancelled' WHERE closed_reason LIKE 'withdrawn%'")
    op.execute("UPDATE cards SET issued_at = raised_at")
    op.create_table(
        'card_log',
        sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('card_id', sa.BigInteger(), nullable=False),
        sa.Column('rev', sa.Integer(), nullable=False),
        sa.Column('at', sa.BigInteger(), nullable=False),
        sa.Column('actor', sa.String(64), nullable=False),
        sa.Column('actor_name', sa.String(64), nullable=False),
        sa.Column('action', sa.String(32), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('detail', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('seq', name=op.f('pk_card_log')),
    )
    op.create_index('ix_card_log_card_id', 'card_log', ['card_id', 'seq'])
    op.create_table(
        'card_deadlines',
        sa.Column('card_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('kind', sa.String(8), nullable=False),
        sa.Column('due_at', sa.BigInteger(), nullable=False),
        sa.Column('done_at', sa.BigInteger()),
        sa.Column('retry_at', sa.BigInteger()),
        sa.PrimaryKeyConstraint('card_id', 'kind', name=op.f('pk_card_deadlines')),
    )
    op.create_index('ix_card_deadlines_standing', 'card_deadlines', ['due_at'],
                    postgresql_where=sa.text('done_at IS NULL'), sqlite_where=sa.text('done_at IS NULL'))


def downgrade() -> None:
    for table in ('card_deadlines', 'card_log'):
        op.drop_table(table)
    with op.batch_alter_table('cards') as batch_op:
        for column in reversed(AXES):
            batch_op.drop_column(column.name)
        batch_op.alter_column('key', existing_type=sa.String(200), type_=sa.String(64), existing_nullable=False)
    with op.batch_alter_table('accounts') as batch_op:
        batch_op.drop_column('area')
