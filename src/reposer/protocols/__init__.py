"""Evaluation protocols: every switch that decides the numbers, by name.

A score without its protocol is not a result: white padding alone moves the SSIM of one set of DeepFashion
images from .66 to .76.
"""

from reposer.protocols.files import protocol_from_json, protocols_of, read_protocol
from reposer.protocols.pairs import pair_key, pairs_digest, with_ids
from reposer.protocols.protocol import Protocol, ResizeSettings
from reposer.protocols.published import FAMILIES, PATN_FASHION, PATN_MARKET, PROTOCOLS
from reposer.protocols.signature import Scored, signature_of
from reposer.protocols.words import differences, switches

__all__ = [
    "FAMILIES",
    "PATN_FASHION",
    "PATN_MARKET",
    "PROTOCOLS",
    "Protocol",
    "ResizeSettings",
    "Scored",
    "differences",
    "pair_key",
    "pairs_digest",
    "protocol_from_json",
    "protocols_of",
    "read_protocol",
    "signature_of",
    "switches",
    "with_ids",
]
