"""H1, F1 更新: what municipalities notify, from its arrival to the row, the hold or the refusal."""
