"""Draw the picture of named-poses.md: python docs/named_poses.py"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from reposer.images import to_pil
from reposer.poses import NAMED_POSES, draw_pose, named_pose

SIZE, COLUMNS, LABEL = (224, 140), 8, 22


def sheet() -> Image.Image:
    """All named poses with their names, in rows."""
    rows = -(-len(NAMED_POSES) // COLUMNS)
    canvas = Image.new("RGB", (COLUMNS * SIZE[1], rows * (SIZE[0] + LABEL)), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    for index, name in enumerate(NAMED_POSES):
        left, top = index % COLUMNS * SIZE[1], index // COLUMNS * (SIZE[0] + LABEL)
        canvas.paste(
            to_pil(draw_pose(named_pose(name, SIZE), SIZE)).crop((1, 1, SIZE[1] - 1, SIZE[0])), (left + 1, top + LABEL)
        )
        pen.text((left + SIZE[1] / 2, top + LABEL / 2), name, (20, 20, 20), font, anchor="mm")
    return canvas


if __name__ == "__main__":
    sheet().quantize(128).save(Path(__file__).parent / "pictures" / "named-poses.png", optimize=True)
