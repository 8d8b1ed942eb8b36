"""The protocols of published numbers, and the ones we recommend, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from reposer.metrics import BatchSettings, FIDSettings, LPIPSSettings
from reposer.protocols.protocol import Protocol, ResizeSettings
from reposer.similarity import CLASSIC_SSIM, PartSSIMSettings, SSIMSettings

_UNIFORM_51 = SSIMSettings(window="uniform", window_size=51, sample_covariance=True)
_DROP = BatchSettings(remainder="drop")

PATN_MARKET = Protocol(
    name="patn-market",
    data="Market-1501",
    published_pairs=12_000,
    size=(128, 64),
    metrics=("ssim", "l1", "mask_ssim", "part_ssim"),
    network_metrics=("is", "mask_is", "ds"),
    detector="ssd300-voc",
)
"""Market-1501 as Def-GAN, PATN, XingGAN and the PSSIM papers measure it."""

PATN_FASHION = Protocol(
    name="patn-fashion",
    data="DeepFashion",
    published_pairs=8_570,
    size=(256, 176),
    wide_width=256,
    wide_columns=(40, 216),
    metrics=("ssim", "l1", "part_ssim"),
    network_metrics=("is", "ds"),
    padded_metrics=("ssim", "l1", "is"),
    pad_width=256,
    detector="ssd300-voc",
)
"""DeepFashion as PATN measures it: SSIM, L1 and IS on images padded white to 256x256."""

GFLA_MARKET = Protocol(
    name="gfla-market",
    data="Market-1501",
    published_pairs=12_000,
    size=(128, 64),
    metrics=("ssim", "second_ssim", "psnr"),
    network_metrics=("lpips", "fid"),
    ssim=_UNIFORM_51,
    second_ssim=CLASSIC_SSIM,
    lpips=LPIPSSettings(version="0.0", batch=_DROP),
    fid=FIDSettings(network="inception-torchvision", reference="train", batch=_DROP),
)
"""Market-1501 as GFLA measures it."""

GFLA_FASHION = replace(
    GFLA_MARKET,
    name="gfla-fashion",
    data="DeepFashion",
    published_pairs=8_570,
    size=(256, 256),
    other_sizes=((256, 176), (1101, 750)),
)
"""DeepFashion as GFLA measures it: whole photos at 256x256, not padded; narrower results are stretched."""

DPTN_FASHION = replace(
    GFLA_MARKET,
    name="dptn-fashion",
    data="DeepFashion",
    published_pairs=8_570,
    size=(256, 176),
    wide_width=256,
    wide_columns=(40, 216),
    padded_metrics=("ssim", "second_ssim", "psnr", "lpips", "fid"),
    pad_width=256,
    lpips=LPIPSSettings(version="0.0"),
    fid=FIDSettings(network="inception-torchvision", reference="train"),
)
"""DeepFashion as DPTN measures it: the metrics of GFLA on images padded white to 256x256, nothing dropped."""

PIDM_FASHION = replace(
    GFLA_FASHION,
    name="pidm-fashion",
    resize=ResizeSettings(generated="opencv-bilinear", target="opencv-bilinear"),
    resized_metrics=("lpips", "fid"),
    resized_size=(256, 176),
    second_ssim=replace(CLASSIC_SSIM, sigma=1.2),
    published_codec="png",
)
"""DeepFashion as PIDM measures it: SSIM at 256x256, LPIPS and FID at 256x176."""

PCDM_FASHION = replace(
    GFLA_FASHION,
    name="pcdm-fashion",
    size=(256, 176),
    other_sizes=((256, 256), (512, 352), (1101, 750)),
    resize=ResizeSettings(generated="opencv-bicubic", target="opencv-bicubic"),
    metrics=("ssim",),
    second_ssim=None,
    lpips=LPIPSSettings(input_range="unit"),
    published_codec="png",
)
"""DeepFashion as PCDMs and IMAGPose measure it; their LPIPS, on [0, 1], is comparable with no other."""

PCDM_FASHION_512 = replace(
    PCDM_FASHION, name="pcdm-fashion-512", size=(512, 352), other_sizes=((512, 512), (1101, 750))
)
"""The same at 512x352."""

CFLD_FASHION = replace(
    PCDM_FASHION,
    name="cfld-fashion",
    resize=ResizeSettings(generated="torch-bicubic", target="pil-bicubic"),
    metrics=("ssim", "psnr"),
    lpips=LPIPSSettings(),
    fid=FIDSettings(network="inception-torchvision", reference="train"),
)
"""DeepFashion as CFLD measures it: different libraries resize generated and real images, nothing is dropped."""

CFLD_FASHION_512 = replace(
    CFLD_FASHION, name="cfld-fashion-512", size=(512, 352), other_sizes=((512, 512), (1101, 750))
)
"""The same at 512x352."""

REPOSER_1_MARKET = Protocol(
    name="reposer-1-market",
    size=(128, 64),
    metrics=("ssim", "psnr", "ms_ssim", "l1", "mask_ssim", "mask_l1", "sharpness", "part_ssim", "ds"),
    network_metrics=("lpips", "mask_lpips", "fid", "kid"),
    ssim=SSIMSettings(),
    part_ssim=PartSSIMSettings(missing_parts="exclude"),
    published_codec="png",
)
"""What we recommend at 128x64: PNG, no padding, fixed range, missing parts left out of PSSIM."""

REPOSER_1_FASHION = replace(
    REPOSER_1_MARKET, name="reposer-1-fashion", size=(256, 176), wide_width=256, wide_columns=(40, 216)
)
"""The same at 256x176."""

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            PATN_MARKET,
            PATN_FASHION,
            GFLA_MARKET,
            GFLA_FASHION,
            DPTN_FASHION,
            PIDM_FASHION,
            PCDM_FASHION,
            PCDM_FASHION_512,
            CFLD_FASHION,
            CFLD_FASHION_512,
            REPOSER_1_MARKET,
            REPOSER_1_FASHION,
        )
    }
)
"""{name: protocol}."""

FAMILIES: Mapping[str, tuple[Protocol, ...]] = MappingProxyType({"reposer-1": (REPOSER_1_MARKET, REPOSER_1_FASHION)})
"""Names that stand for one protocol per size: the size of the results tells which."""
