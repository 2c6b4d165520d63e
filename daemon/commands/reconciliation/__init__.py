"""H6, F6 整合性確認: a municipality's records are compared with the register (別添1 6); nothing here changes a row."""
