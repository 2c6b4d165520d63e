"""The key ceremony: a token's PINs as shares of M-of-N holders, made once, verified twice, and given at each start."""
