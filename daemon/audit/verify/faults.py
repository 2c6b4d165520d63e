"""The first fault ends the verification; everything else is told in a report."""


class VerificationError(Exception):
    """The first fault: a key of `texts.TEXTS`, and where it is."""

    def __init__(self, code: str, **where: object) -> None:
        super().__init__(code)
        self.code = code
        self.where = where
