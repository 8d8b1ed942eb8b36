"""Tops and jackets, from tank to coat."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.collars import collar_layers
from reposer.data.people.garments.colours import Colour, luma, towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density, Garment
from reposer.data.people.garments.prints import Print
from reposer.data.people.garments.shells import top_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites
from reposer.data.people.surface import Layer
from reposer.data.people.texture import Texture

_F = np.float32
NECKLINES = ("crew", "scoop", "v", "high", "shirt", "lapel", "tank")
_ROUND = {
    "crew": (0.057, 0.065, 0.604, 0.579), "scoop": (0.078, 0.110, 0.592, 0.566), "tank": (0.082, 0.120, 0.592, 0.558),
}  # fmt: skip
"""Half axes across and down of the ellipse cut out in front, height of its middle, height of the nape's edge."""
_NECK = 0.05  # half the width of an open front at the collar


def below_neckline(neckline: str, sites: Sites, deep: float) -> Floats:
    """Metres below a neckline; `deep` is how far the opening of 'v' and 'shirt' goes down."""
    x, y, z = sites.x, sites.y, sites.z
    rise = _F(0.75) * np.maximum(x - _F(0.058), 0)
    if neckline in _ROUND:
        across, down, middle, nape = _ROUND[neckline]
        off = (y - _F(middle)) * _F(across / down)
        throat = np.sqrt(x * x + off * off) - _F(across)
        front = np.minimum(throat, _F(0.600 if neckline == "crew" else 0.62) - y + rise)
        wide = _F(0.75) * np.maximum(x - _F(max(across, 0.058)), 0)
        back = _F(nape) - _F(0.3) * np.maximum(z, _F(-0.03)) - y + wide
        return back + (front - back) * smoothstep(z, -0.01, 0.04)
    top = _F(0.612 if neckline == "high" else 0.598) - _F(0.35) * np.maximum(z, _F(-0.03)) - y + rise
    if neckline in ("high", "lapel"):
        return top
    return top - smoothstep(z, -0.01, 0.05) * np.maximum(0, _F(deep) - _F(1.5) * x)


@dataclass(frozen=True, kw_only=True)
class Top(Garment):
    """Anything on the trunk, with or without sleeves."""

    fabric: Fabric
    layer: str = "top"
    neckline: str = "crew"
    deep: float = 0.05
    sleeve: float = 0.62
    """Where sleeves end: 0 none, 1 at the elbow, 2 at the wrist."""
    hem: float = 0.02
    """Height of the hem on the average body, metres above the hips' middle."""
    curve: float = 0.0
    """How much higher the hem is at the sides."""
    ease: float = 0.006
    hem_ease: float = 0.024
    sleeve_ease: float = 0.014
    slope: float = 0.5
    closure: str | None = None
    """None, 'buttons', 'half' (a placket of three) or 'zip'."""
    gap: float = 0.0
    """Half the width of an open front, metres at the hem; 0 is closed."""
    collar: str | None = None
    """None, 'shirt', 'lapel', 'stand', 'roll' or 'hood'."""
    cuffs: bool = False
    """Ribbed hems, as of sweaters."""
    pockets: str | None = None
    """None, 'chest', 'sides' or 'pouch'."""
    block: Colour | None = None
    """Of the yoke above the chest."""
    trim: Colour | None = None
    logo: Print | None = None
    hang: float = 1.0
    """Strength of its folds."""
    panel_names: ClassVar[tuple[str, ...]] = ("torso.front", "torso.back", "arm.L", "arm.R")

    @property
    def name(self) -> str:
        return self.layer

    @property
    def hides(self) -> float:
        return 0.03

    @property
    def high(self) -> bool:
        return self.collar in ("roll", "hood", "stand")

    @property
    def panels(self) -> tuple[str, ...]:
        return self.panel_names if self.sleeve > 0 else self.panel_names[:2]

    @property
    def rim(self) -> float:
        return 1.0 if self.gap > 0 else 0.10

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        side = np.minimum(sites.x * _F(1 / 0.17), 1)
        trunk = np.minimum(
            below_neckline(self.neckline, sites, self.deep), y - _F(self.hem) - _F(self.curve) * side * side
        )
        if self.sleeve <= 0:
            return np.where(sites.arm > 0.5, _F(-1), np.minimum(trunk, self._armhole(sites)))
        if self.gap > 0 or self.neckline == "lapel":
            trunk = np.where(sites.z > 0, np.minimum(trunk, sites.x - self._opening(y)), trunk)
        return np.where(sites.arm > 0.5, (_F(self.sleeve) - sites.along_arm) * _F(0.27), trunk)

    def _opening(self, y: Floats) -> Floats:
        """Half the width of the front's opening by height; below 0 where it is closed."""
        if self.gap > 0:
            return _F(self.gap) + (y - _F(max(self.hem, 0))) * _F((_NECK - self.gap) / 0.57)
        return (y - _F(0.598 - self.deep)) * _F(_NECK / (self.deep - 0.03))

    def _armhole(self, sites: Sites) -> Floats:
        """Metres inside the arm-holes: straps over the shoulders, whole below the armpits."""
        edge = _F(0.128 if self.neckline == "tank" else 0.155) + _F(1.2) * np.maximum(_F(0.40) - sites.y, 0)
        return np.minimum(edge - sites.x, (_F(0.5) - sites.arm) * _F(0.2))

    def shell(self, body: Body) -> Floats:
        return top_shell(body, ease=self.ease, hem_ease=self.hem_ease, slope=self.slope, sleeve_ease=self.sleeve_ease)

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        arm = canvas.panel.startswith("arm")
        if self.block is not None:
            sites = canvas.chart.sites
            canvas.where(sites.along_arm < 0.1 if arm else (sites.y > 0.40) & (sites.arm < 0.5)).lay(self.block)
        canvas.seams()
        if self.logo is not None:
            self.logo.lay(canvas)
        self._edges(edge, cover, arm)
        if not arm or self.sleeve > 0:
            self._sleeve_head(canvas)
        if canvas.panel == "torso.front":
            if self.neckline == "lapel":
                self._lapels(canvas.where((canvas.chart.sites.x < 0.16) & (canvas.chart.sites.y > 0.1)))
            self._closure(canvas)
            self._pockets(canvas.where(canvas.chart.sites.x < 0.15))
        return canvas.finished(hang=self.hang, bend=1.0)

    def _edges(self, edge: Patch, cover: Floats, arm: bool) -> None:
        """Hems, ribs and the binding of the neck."""
        sites, base, thread = edge.sites, self.fabric.base, edge.canvas.thread
        bound = self.collar is None and self.gap == 0 and self.neckline not in ("shirt", "tank")
        low = cover < 0.05
        if self.cuffs:
            cuff = (sites.y < 0.4) | arm
            edge.line(cover - _F(0.05), strength=0.7, where=cuff)
            edge.where(low & cuff & (np.floor(edge.u * _F(1 / 0.005)) % 2 == 0)).lay(thread, 0.3)
        else:
            edge.line(cover - _F(0.018), width=0.0016)
        if bound and not arm:
            neck = below_neckline(self.neckline, sites, self.deep)
            binding = self.trim if self.trim is not None else towards(base, thread, 0.3)
            edge.where((neck > -0.005) & (neck < 0.017)).lay(binding, 0.9)
            edge.line(neck - _F(0.018), width=0.0016)
        elif self.trim is not None:
            edge.where(cover < 0.012).lay(self.trim)

    def _sleeve_head(self, canvas: Canvas) -> None:
        """The seam around the shoulder."""
        sites = canvas.chart.sites
        patch = canvas.where((sites.y > 0.385) & (np.abs(sites.x - _F(0.165)) < 0.045))
        off = patch.sites.y - _F(0.455)
        patch.line(patch.sites.x - _F(0.158) - _F(2.0) * off * off, strength=0.5, width=0.0025)

    def _lapels(self, patch: Patch) -> None:
        """Flaps along the opening, with a notch where the collar begins."""
        x, y, base = patch.sites.x, patch.sites.y, self.fabric.base
        low = 0.598 - self.deep if self.gap == 0 else 0.24
        inside = x - np.maximum(self._opening(y), 0)
        rise = np.clip((y - _F(low)) * _F(1 / (0.50 - low)), 0, 1)
        notch = np.maximum(_F(0.024) - np.abs(y - _F(0.497)) * 2, 0)
        wide = _F(0.074) * np.sqrt(rise) - notch
        on = (y > low) & (y < 0.56) & (inside > 0)
        shadow = patch.where(on & (inside > wide) & (inside < wide + _F(0.009)))
        shadow.lay(towards(base, (0, 0, 0), 0.5), 0.5)
        patch.where(on & (inside < wide)).lay(towards(base, (255, 255, 255), 0.12), 0.45)
        patch.line(inside - wide, width=0.0025, strength=0.9, where=on)

    def _closure(self, canvas: Canvas) -> None:
        """Plackets, buttons and zips."""
        if self.closure is None or self.gap > 0:
            return
        base = self.fabric.base
        low = 0.36 if self.closure == "half" else self.hem
        sites = canvas.chart.sites
        patch = canvas.where((sites.x < 0.03) & (sites.y < 0.598 - self.deep) & (sites.y > low) & (sites.z > 0))
        x, y, across = patch.sites.x, patch.sites.y, patch.sites.points[0]
        if self.closure == "zip":
            patch.where(x < 0.0045).lay(towards(base, (150, 150, 152), 0.7))
            patch.line(x - _F(0.014), strength=0.5)
            return
        button = towards(base, (235, 230, 220) if luma(base) < 110 else (40, 36, 34), 0.55)
        if self.neckline == "lapel":
            x = np.abs(across - _F(0.012))
        else:
            patch.line(x - _F(0.016), width=0.0018)
        patch.where((across < -0.014) & (across > -0.019)).lay(towards(base, (0, 0, 0), 0.4), 0.35)
        step = 0.035 if self.closure == "half" else 0.11 if self.neckline == "lapel" else 0.075
        place = y * _F(1 / step)
        off = (place - np.floor(place) - _F(0.5)) * _F(step)
        patch.disc(np.sqrt(x * x + off * off), 0.008 if self.neckline == "lapel" else 0.0058, button)

    def _pockets(self, patch: Patch) -> None:
        if self.pockets is None:
            return
        x, y, across = patch.sites.x, patch.sites.y, patch.sites.points[0]
        if self.pockets == "chest":
            box = np.maximum(np.abs(across - _F(0.082)) - _F(0.042), np.abs(y - _F(0.39)) - _F(0.05))
            patch.line(box, strength=0.8)
        elif self.pockets == "sides":
            slit = np.maximum(
                np.abs(x - _F(0.115) + (y - _F(0.08)) * _F(0.25)) - _F(0.001), np.abs(y - _F(0.08)) - _F(0.06)
            )
            patch.line(slit, towards(self.fabric.base, (0, 0, 0), 0.4), width=0.006, strength=0.9)
        else:
            slant = x + np.maximum(y - _F(0.10), 0) * _F(0.8) - _F(0.12)
            patch.line(np.maximum(slant, np.abs(y - _F(0.10)) - _F(0.075)), strength=0.9)

    def extras(self, body: Body, shell: Floats, density: Density) -> list[Layer]:
        if self.collar is None:
            return []
        opening = (
            _NECK if self.gap > 0 or self.neckline == "lapel" else 0.6 * self.deep if self.collar == "shirt" else 0.0
        )
        return collar_layers(self.collar, self.fabric, self.layer, shell, density, opening=opening)
