"""Every error of the register, in one tree with stable codes.

    JukuraError
    ├── InputError          the caller's message breaks a rule of form            (400)
    ├── AuthenticationError who calls is not known                                (401)
    ├── AuthorityError      who calls is known and may not                        (403)
    ├── ConflictError       the message is well formed; the register says no      (409)
    │   └── SizeError       the same with the size of the log that counts         (409)
    ├── TooMuchError        over a stated limit of size, rate or hits             (413)
    │   └── TooFastError    the same a little later would have been in order      (429)
    ├── StateError          the register cannot serve this now: sealed, degraded  (503)
    └── IntegrityError      what we stored does not verify: stop, raise the alarm (500)

Only the outermost layer (console, peers, CLI) turns an error into text, status or exit code. An error carries
a code and the *names* of fields, never a value: values are personal data. The texts are in
`daemon.contract.messages`, one per code, in Japanese and English.
"""

from typing import ClassVar


class JukuraError(Exception):
    """The root. `code` is stable for ever; `field` names the item at fault, if one is."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, *, field: str = "") -> None:
        super().__init__(f"{code} ({field})" if field else code)
        self.code = code
        self.field = field


class InputError(JukuraError):
    """The caller's message breaks a rule of form."""

    status = 400


class AuthenticationError(JukuraError):
    """Who calls is not known."""

    status = 401


class AuthorityError(JukuraError):
    """Who calls is known and may not do this."""

    status = 403


class ConflictError(JukuraError):
    """The message is well formed, and what the register holds forbids it."""

    status = 409


class SizeError(ConflictError):
    """What was said of the log does not fit it: `size` leaves are what counts."""

    def __init__(self, code: str, *, size: int) -> None:
        super().__init__(code)
        self.size = size


class TooMuchError(JukuraError):
    """Over a stated limit of size, rate or number of hits."""

    status = 413


class TooFastError(TooMuchError):
    """Over a stated limit of rate: `after` so many seconds it may be tried again."""

    status = 429

    def __init__(self, code: str, *, after: float) -> None:
        super().__init__(code)
        self.after = after


class StateError(JukuraError):
    """The register cannot serve this now."""

    status = 503


class IntegrityError(JukuraError):
    """What was stored does not verify."""

    status = 500
