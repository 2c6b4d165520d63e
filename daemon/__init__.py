"""The register: receives, stores, answers, notifies, audits. See docs/ARCHITECTURE.md."""
