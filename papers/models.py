"""Tables of the papers: the last number of each series, the register, and the files by hash.

Columns named *_at are microseconds UTC.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from core.database import metadata

# One row per series, named by what is written before the year: a renamed unit counts on. Counting inside the transaction that
# uses the number leaves no gap: a rollback gives it back.
paper_numbers = Table(
    "paper_numbers", metadata,
    Column("series", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

# `content` is the OfficialPaper as JSON: the files can be made from it again, byte for byte, and their hashes compared.
papers = Table(
    "papers", metadata,
    Column("number", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("issuer", String(128), nullable=False),   # its name on the day it was issued
    Column("year", Integer, nullable=False),
    Column("place", Integer, nullable=False),       # the figure in the number
    Column("title", Text, nullable=False),
    Column("area", String(64), nullable=False),
    Column("org", String(128), nullable=False),     # the unit addressed
    Column("subject", String(64), nullable=False),  # what it was written about, e.g. order:7
    Column("issued_at", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("docx_sha256", String(64)),
    Column("pdf_sha256", String(64)),
    Column("problem", Text),                        # why a file could not be made yet
    Column("tried_at", BigInteger),                 # and when that was seen last
    Index("ix_papers_issued_at", "issued_at"),
    Index("ix_papers_subject", "subject"),
    Index("ix_papers_docx_sha256", "docx_sha256"),
    Index("ix_papers_pdf_sha256", "pdf_sha256"),
)

paper_files = Table(
    "paper_files", metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String(96), nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What is given out with a paper beside its own two files, as a workbook is with a bulletin; found by the check as they are.
paper_enclosures = Table(
    "paper_enclosures", metadata,
    Column("number", String(64), primary_key=True),
    Column("file", String(8), primary_key=True),    # xlsx
    Column("sha256", String(64), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
)

# By Ed25519 over number, kind of file, its SHA-256 and what the paper is about; the key is a file named by its id, never a row.
paper_signatures = Table(
    "paper_signatures", metadata,
    Column("number", String(64), primary_key=True),
    Column("file", String(8), primary_key=True),    # docx, pdf, xlsx
    Column("sha256", String(64), nullable=False, unique=True),
    Column("key_id", String(48), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("at", BigInteger, nullable=False),
)
