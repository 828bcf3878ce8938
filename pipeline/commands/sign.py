"""Command sign: vouch for a model's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def sign(
    model: Annotated[Path, typer.Argument(help="Folder of a model.")],
    key: Annotated[
        Path,
        typer.Option(help="Private key, PEM: openssl genpkey -algorithm ed25519 -out key.pem"),
    ],
) -> None:
    """Sign a model, for those who demand it (CALCIRISK_SIGNED_BY names their public keys).

    The public key: openssl pkey -in key.pem -pubout -out public.pem
    """
    from pipeline.signing import sign_model

    sign_model(model, key)
    typer.echo(f"{model} is signed: signature.json")
