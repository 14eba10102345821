"""登録: a checked file's lines into the tables, set-wise, in one transaction (design.md 3, Speed)."""
