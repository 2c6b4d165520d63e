"""Exports of the log for external auditors: ordered, approved, made in the background, handed out."""
