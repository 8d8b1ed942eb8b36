"""PSSIM in a plain PyTorch training loop, with your own network.

Run it with:

    reposer mannequin people --identities 64 --clothing easy
    python examples/plain_loop.py people

A small U-Net sees the source image and both poses and draws the person in the target pose. It trains on L1 + PSSIM;
``plain_loop.png`` then shows source | target | generated for people that it never saw.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reposer.data import PairBatch, PairDataset, collate, open_pairs, train_loader
from reposer.images import grid, to_signed, to_uint8, write_image
from reposer.losses import PartSSIMLoss
from reposer.poses import joint_heatmaps


def layer(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1), nn.GroupNorm(4, channels_out), nn.SiLU(inplace=True)
    )


class UNet(nn.Module):
    """Three times down, three times up, and a bridge at each size."""

    def __init__(self, channels_in: int, width: int) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 4 * width]
        self.first = layer(channels_in, width)
        self.down = nn.ModuleList(layer(a, b, stride=2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(layer(a + b, a) for a, b in reversed(list(pairwise(widths))))
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        bridges = []
        for down in self.down:
            bridges.append(x)
            x = down(x)
        for up in self.up:
            bridge = bridges.pop()
            x = up(torch.cat((F.interpolate(x, size=bridge.shape[-2:]), bridge), dim=1))
        return self.last(x).tanh()


def condition(batch: PairBatch) -> Tensor:
    """What the network sees (B, 39, H, W): the source image and the joints of both poses."""
    size = (batch.source.shape[-2], batch.source.shape[-1])
    source_pose = joint_heatmaps(batch.source_joints, batch.source_visible, size)
    target_pose = joint_heatmaps(batch.target_joints, batch.target_visible, size)
    return torch.cat((to_signed(batch.source), source_pose, target_pose), dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of a data set, such as reposer mannequin makes")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("plain_loop.png"))
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)

    network = UNet(39, options.width).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    part_ssim = PartSSIMLoss()  # images in [-1, 1], joints in pixels

    people = PairDataset(open_pairs(options.data, "train"))
    pairs = options.steps * options.batch_size
    loader = train_loader(people, seed=0, epoch=0, pairs_per_epoch=pairs, batch_size=options.batch_size, workers=0)
    for step, batch in enumerate(loader, start=1):
        batch = batch.to(device)
        target = to_signed(batch.target)
        generated = network(condition(batch))
        l1 = (generated - target).abs().mean()
        pssim = part_ssim(generated, target, batch.target_joints, batch.target_visible)
        loss = 4 * l1 + pssim
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 1 or step % max(options.steps // 10, 1) == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}  L1 {l1.item():.3f}  PSSIM loss {pssim.item():.3f}")

    unseen = PairDataset(open_pairs(options.data, "test"))
    count = min(8, len(unseen))
    batch = collate([unseen[i * len(unseen) // count] for i in range(count)]).to(device)
    with torch.no_grad():
        generated = to_uint8(network(condition(batch)))
    panels = [image.cpu() for triple in zip(batch.source, batch.target, generated, strict=True) for image in triple]
    write_image(options.out, grid([panels[i : i + 12] for i in range(0, len(panels), 12)]))
    print(options.out)


if __name__ == "__main__":
    main()
