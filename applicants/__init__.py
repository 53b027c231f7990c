"""Applicants (申请人): their accounts on the public site, and what they are told of their cases.

Accounts, codes, sessions and what an account holds stand in tables of their own that refer to no other table, so that the
public site may keep them in a database of its own. The notices are written where the cases are.
"""
