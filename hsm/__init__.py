"""The key service: the only program that loads a PKCS#11 module."""
