"""NKeys: the seed proves to the bus who a user is and never leaves its owner, the public key is what the bus knows."""

import secrets

import nkeys


def new_seed() -> str:
    """A seed nobody had before."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_key(seed: str) -> str:
    """The public half. Raises ValueError when the text is not a seed."""
    try:
        key: bytes = nkeys.from_seed(bytearray(seed.encode())).public_key
    except nkeys.NkeysError as error:
        raise ValueError("不是 NKey 种子 / not the seed of an NKey") from error
    return key.decode()
