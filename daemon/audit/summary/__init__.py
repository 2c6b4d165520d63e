"""The readable summary of an export: counted while its entries go by, laid out by the six views of an external audit."""
