"""The edge to PKCS#11: the only importers of `pkcs11`, run only inside the worker, on its one thread.

python-pkcs11 initialises a module without CKF_OS_LOCKING_OK, so two threads would crash it. Every exception of the
library leaves here as a `FaultError`.
"""
