"""The domain, pure: rows, codes, names, kana, dates, reasons. Imports no I/O."""
