"""PSSIM in a denoising diffusion loop, written with the package diffusers.

Run it with:

    pip install "reposer[examples]" && reposer mannequin people --identities 64 --clothing easy
    python examples/denoising.py people

A UNet sees the noisy target beside the source image and the target pose, at half size, and predicts v, from which the
clean image x0 follows. PSSIM compares that prediction with the target, weighted by alpha_bar, the share of the signal
in the noisy image: where nearly all is noise, x0 cannot be predicted, only its blurred mean, and a structural loss
would punish the network for not guessing. ``denoising.png`` then shows source | target | generated.
"""

import argparse
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DModel
from torch import Tensor
from torch.nn import functional as F

from reposer.data import PairBatch, PairDataset, collate, open_pairs, train_loader
from reposer.images import grid, to_signed, to_uint8, write_image
from reposer.losses import PartSSIMLoss
from reposer.poses import joint_heatmaps


def half(images: Tensor) -> Tensor:
    """uint8 images as [-1, 1] at half their size."""
    return F.avg_pool2d(to_signed(images), 2)


def condition(batch: PairBatch) -> Tensor:
    """What the network sees beside the noisy image (B, 21, H/2, W/2): the source image and the target's joints."""
    size = (batch.source.shape[-2] // 2, batch.source.shape[-1] // 2)
    pose = joint_heatmaps(batch.target_joints / 2, batch.target_visible, size, sigma=3)
    return torch.cat((half(batch.source), pose), dim=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of a data set, such as reposer mannequin makes")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--sampling-steps", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("denoising.png"))
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)

    network = UNet2DModel(
        in_channels=3 + 21,
        out_channels=3,
        layers_per_block=1,
        norm_num_groups=8,
        block_out_channels=(options.width, 2 * options.width, 4 * options.width),
        down_block_types=("DownBlock2D",) * 3,
        up_block_types=("UpBlock2D",) * 3,
    ).to(device)
    # Noise without a rest of signal at the last step: sampling starts from pure noise.
    scheduler = DDIMScheduler(
        prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=True
    )
    alpha_bars = scheduler.alphas_cumprod.to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    part_ssim = PartSSIMLoss(reference_height=128)  # masks half as wide at half the size

    people = PairDataset(open_pairs(options.data, "train"))
    pairs = options.steps * options.batch_size
    loader = train_loader(people, seed=0, epoch=0, pairs_per_epoch=pairs, batch_size=options.batch_size, workers=0)
    for step, batch in enumerate(loader, start=1):
        batch = batch.to(device)
        target, noise = half(batch.target), torch.randn_like(half(batch.target))
        # One noise level a batch: its weight then applies to the loss as a whole.
        time = torch.randint(scheduler.config.num_train_timesteps, (1,), device=device).expand(len(batch))
        alpha_bar = alpha_bars[time[0]]
        noisy = scheduler.add_noise(target, noise, time)
        v = network(torch.cat((noisy, condition(batch)), dim=1), time).sample
        mse = F.mse_loss(v, scheduler.get_velocity(target, noise, time))
        x0 = (alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v).clamp(-1, 1)
        pssim = part_ssim(x0, target, batch.target_joints / 2, batch.target_visible)
        loss = mse + 0.5 * alpha_bar * pssim
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step == 1 or step % max(options.steps // 10, 1) == 0:
            print(f"step {step:4d}  loss {loss.item():.3f}  v {mse.item():.3f}  PSSIM loss of x0 {pssim.item():.3f}")

    unseen = PairDataset(open_pairs(options.data, "test"))
    count = min(8, len(unseen))
    batch = collate([unseen[i * len(unseen) // count] for i in range(count)]).to(device)
    image, seen = torch.randn_like(half(batch.target)), condition(batch)
    scheduler.set_timesteps(options.sampling_steps)
    with torch.no_grad():
        for time in scheduler.timesteps:
            v = network(torch.cat((image, seen), dim=1), time).sample
            image = scheduler.step(v, time, image).prev_sample
    rows = zip(to_uint8(half(batch.source)), to_uint8(half(batch.target)), to_uint8(image), strict=True)
    panels = [panel.cpu() for row in rows for panel in row]
    write_image(options.out, grid([panels[i : i + 12] for i in range(0, len(panels), 12)]))
    print(options.out)


if __name__ == "__main__":
    main()
