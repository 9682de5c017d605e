"""Exports to accepted tables: `read` to text, `parse` to values, `filter`, `accept` (quarantine), `join` (audited).

Nothing is guessed in silence and nothing is lost: rows in = rows accepted + rows quarantined, and every quarantined row
is listed by file, row, column and rule, never by what stood in it.
"""
