from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from features.errors import ConfigError, ModelError
from models.storage.model_folder import SIGNATURE, read_about, seal_model_folder
from pipeline.commands import cli
from pipeline.locating import locate_model
from pipeline.signing import SIGNED_BY, require_signature, sign_model


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private, public = folder / f"{name}.pem", folder / f"{name}.public.pem"
    private.write_bytes(key.private_bytes(pem, form, plain))
    form_public = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, form_public))
    return private, public


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(model_folder, tmp_path / "model")
    return tmp_path / "model"


def test_a_signed_model_is_accepted_by_those_who_know_the_key(folder: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    _, other = write_keys(tmp_path, "other")
    with pytest.raises(ModelError, match="Have it signed"):
        require_signature(folder, public)
    assert cli.main(["sign", str(folder), "--key", str(private)]) == 0
    require_signature(folder, public)
    with pytest.raises(ModelError, match="by another key"):
        require_signature(folder, other)
    both = tmp_path / "both.pem"
    both.write_bytes(other.read_bytes() + public.read_bytes())
    require_signature(folder, both)


def test_a_model_that_was_changed_and_sealed_again_is_no_longer_signed(
    folder: Path, tmp_path: Path
) -> None:
    private, public = write_keys(tmp_path, "mine")
    sign_model(folder, private)
    ranges = folder / "ranges.json"
    ranges.write_text(ranges.read_text() + " ")
    seal_model_folder(folder, replace(read_about(folder), digest=""))
    with pytest.raises(ModelError, match="of another model"):
        require_signature(folder, public)
    for broken in ("", "{}", '{"signature": "?"}', "[]"):
        (folder / SIGNATURE).write_text(broken)
        with pytest.raises(ModelError, match="bears no signature"):
            require_signature(folder, public)


def test_a_demanded_signature_is_demanded_of_every_model(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = write_keys(tmp_path, "mine")
    monkeypatch.setenv(SIGNED_BY, str(public))
    with pytest.raises(ModelError, match="one is demanded"):
        locate_model(str(folder), tmp_path)
    sign_model(folder, private)
    assert locate_model(str(folder), tmp_path).folder == folder


def test_what_is_no_key_is_told(folder: Path, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path, "mine")
    (tmp_path / "none.pem").write_text("nothing")
    exchange = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "exchange.pem").write_bytes(exchange)
    for key in ("none.pem", "exchange.pem", "absent.pem"):
        with pytest.raises(ConfigError):
            sign_model(folder, tmp_path / key)
    sign_model(folder, private)
    with pytest.raises(ConfigError, match="holds no public key"):
        require_signature(folder, tmp_path / "none.pem")
    with pytest.raises(ConfigError, match="holds no key that can be read"):
        sign_model(folder, public)
