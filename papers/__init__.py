"""Numbered official documents (公文) as docx and PDF after GB/T 9704, their numbers and their register."""
