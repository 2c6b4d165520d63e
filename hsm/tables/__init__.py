"""What the key service keeps, a module per noun: each a few statements over `hsm.database`, and no decisions."""
