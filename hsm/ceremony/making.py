"""The moment a ceremony is for: the token gets its label and its PINs, and opens with them once.

Done again after an interruption, it carries on. A SO PIN that the token refused is never tried again.
"""

from daemon.errors import ConflictError, JukuraError
from hsm.ceremony import target
from hsm.ceremony.bench import Bench
from hsm.ceremony.pins import Role, derive
from hsm.ceremony.record import Record
from hsm.ceremony.secret import Secret
from hsm.uri import TokenUri

REFUSED = frozenset({"hsm.pin_wrong", "hsm.pin_locked", "hsm.pin_final_try"})
"""What a token answers to a PIN that must not be tried twice."""


async def make(bench: Bench, place: TokenUri, record: Record, secret: Secret) -> tuple[str, str]:
    """The serial and the model of the token, which now opens with the PIN that `secret` gives.

    `ceremony.so_pin_refused` where somebody else has initialised it meanwhile.
    """
    found = target.begun(await bench.survey(place.module), place, record.label)
    so_pin, pin = (derive(secret.reveal(), record.id, role, record.length) for role in (Role.SO, Role.USER))
    try:
        serial = await bench.initialise(place.module, found, label=record.label, so_pin=so_pin, pin=pin)
    except JukuraError as error:
        if error.code in REFUSED:
            raise ConflictError("ceremony.so_pin_refused") from None
        raise
    opened = TokenUri(place.module, {"token": record.label, "serial": serial})
    return serial, await bench.open(opened, pin)


def pin_of(record: Record, secret: Secret) -> bytes:
    """The user PIN of the record's token."""
    return derive(secret.reveal(), record.id, Role.USER, record.length)
