"""Where boosting runs: on the processor, or on a graphics processor that must be there."""

from __future__ import annotations

import json

import numpy as np

from features.errors import ConfigError

CPU, CUDA = "cpu", "cuda"


def require_device(device: str) -> None:
    """Raise ConfigError where XGBoost finds no such device; it would warn, and use the CPU."""
    if device not in (CPU, CUDA):
        raise ConfigError(f"device must be '{CPU}' or '{CUDA}', got '{device}'")
    if device == CUDA and _device_given(device) == CPU:
        raise ConfigError(
            "device is 'cuda', but XGBoost finds no NVIDIA GPU that it can use (look at "
            "`nvidia-smi` and CUDA_VISIBLE_DEVICES). Set train.device to 'cpu' to train without."
        )


def _device_given(device: str) -> str:
    """The device that XGBoost takes when asked for this one."""
    import xgboost

    with xgboost.config_context(verbosity=0):
        matrix = xgboost.DMatrix(np.zeros((1, 1)), label=np.zeros(1))
        config = json.loads(xgboost.train({"device": device}, matrix, 1).save_config())
    return str(config["learner"]["generic_param"]["device"])
