"""Who vouches for a model: an Ed25519 signature (RFC 8032) over its digest, by pyca/cryptography.

The digest in ``about.json`` finds damage, not malice: whoever changes a file can write it anew. A
signature needs a key that lies elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import Any

from features.errors import ConfigError, ModelError
from models.storage.model_folder import SIGNATURE, verify_model_folder
from pipeline.files.private import hidden_beside

SIGNED_BY = "CALCIRISK_SIGNED_BY"
"""Environment variable: a file with the public keys of which one must have signed every model."""

_PURPOSE = b"calcirisk model, digest "
_ALGORITHM = "Ed25519"


def sign_model(folder: Path, private_key: Path) -> None:
    """Write ``signature.json`` into the folder of a model.

    ``private_key``: PEM, as ``openssl genpkey -algorithm ed25519`` gives. Raises ModelError where
    the folder is damaged, ConfigError where the key is none.
    """
    about = verify_model_folder(folder)
    key = _read_key(private_key, private=True)
    text = base64.b64encode(key.sign(_PURPOSE + about.digest.encode())).decode()
    stored = {"algorithm": _ALGORITHM, "digest": about.digest, "signature": text}
    # made outside: whoever reads the model meanwhile finds the old signature or the new one
    unfinished = hidden_beside(folder, f"signature.{os.getpid()}")
    try:
        with unfinished.open("x", encoding="utf-8") as file:
            file.write(json.dumps(stored, indent=1) + "\n")
        unfinished.replace(folder / SIGNATURE)
    finally:
        unfinished.unlink(missing_ok=True)


def require_signature(folder: Path, public_keys: Path) -> None:
    """Raises ModelError where none of these keys has signed just this model; ConfigError.

    ``public_keys``: PEM, one behind the other, as ``openssl pkey -pubout`` gives each.
    """
    try:
        from cryptography.exceptions import InvalidSignature
    except ModuleNotFoundError as error:
        told = "A signature is demanded and cannot be checked here: pip install cryptography"
        raise ConfigError(told) from error
    about = verify_model_folder(folder)
    unsigned = f"{folder} bears no signature by a key of {public_keys}, and one is demanded"
    try:
        stored = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
        signature = base64.b64decode(stored["signature"], validate=True)
    except FileNotFoundError:
        raise ModelError(f"{unsigned}. Have it signed: calcirisk sign") from None
    except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
        raise ModelError(f"{unsigned}: {SIGNATURE} cannot be read") from error
    for key in _read_public_keys(public_keys):
        try:
            key.verify(signature, _PURPOSE + about.digest.encode())
        except InvalidSignature:
            continue
        return
    raise ModelError(f"{unsigned}: it is by another key, or of another model")


def require_demanded_signature(folder: Path) -> None:
    """`require_signature` where the environment demands one."""
    demanded = os.environ.get(SIGNED_BY)
    if demanded:
        require_signature(folder, Path(demanded))


def _read_public_keys(path: Path) -> list[Any]:
    end = b"-----END PUBLIC KEY-----"
    try:
        parts = [part + end for part in path.read_bytes().split(end)[:-1]]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
    if not parts:
        raise ConfigError(f"{path} holds no public key (PEM)")
    return [_parse_key(part, path, private=False) for part in parts]


def _read_key(path: Path, private: bool) -> Any:
    try:
        return _parse_key(path.read_bytes(), path, private)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error


def _parse_key(data: bytes, path: Path, private: bool) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    kind = ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey
    try:
        key = load_pem_private_key(data, None) if private else load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path} holds no key that can be read (PEM, no password)") from error
    if not isinstance(key, kind):
        raise ConfigError(f"{path} holds a key of another kind than {_ALGORITHM}")
    return key
