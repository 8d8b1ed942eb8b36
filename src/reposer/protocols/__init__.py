"""Evaluation protocols: every switch that decides the numbers, by name.

A score without its protocol is not a result: white padding alone moves the SSIM of one set of DeepFashion
images from .66 to .76.
"""

from reposer.protocols.files import protocol_from_json, protocols_of, read_protocol
from reposer.protocols.protocol import Protocol
from reposer.protocols.published import FAMILIES, PATN_FASHION, PATN_MARKET, PROTOCOLS, protocol_named
from reposer.protocols.settings import (
    BatchSettings,
    FIDSettings,
    InceptionScoreSettings,
    LPIPSSettings,
    ResizeSettings,
)
from reposer.protocols.signature import pairs_digest, signature
from reposer.protocols.words import differences, switches

__all__ = [
    "FAMILIES",
    "PATN_FASHION",
    "PATN_MARKET",
    "PROTOCOLS",
    "BatchSettings",
    "FIDSettings",
    "InceptionScoreSettings",
    "LPIPSSettings",
    "Protocol",
    "ResizeSettings",
    "differences",
    "pairs_digest",
    "protocol_from_json",
    "protocol_named",
    "protocols_of",
    "read_protocol",
    "signature",
    "switches",
]
