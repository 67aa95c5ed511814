"""A finished training, as what measures it finds it."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from sglr.data import load_splits
from sglr.data.images import Splits
from sglr.engine.underway import Underway
from sglr.evaluation.bench import Bench, check_images
from sglr.models.networks import load_network, shape_of
from sglr.plan.bound import read_manifest
from sglr.plan.names import CHECKPOINTS
from sglr.plan.runs import Run
from sglr.plan.scales import Scale


class Finished:
    """A finished training: its manifest, its data and its checkpoints."""

    def __init__(self, run: Run, scale: Scale, folder: Path, device: torch.device):
        self.run, self.scale, self.folder = run, scale, folder
        self.manifest = read_manifest(folder, run, scale)
        splits = load_splits(
            scale.data[run.dataset], label_noise=run.label_noise, seed=run.seed
        )
        check_images(self.manifest, splits, folder)
        self.splits: Splits = splits.to(device)
        graphs = scale.engine.graphs and device.type == "cuda"
        self.bench = Bench(scale, self.splits, device, graphs)

    @property
    def shape(self) -> dict[str, Any]:
        """What `build` needs to know of the networks."""
        return shape_of(self.run, self.scale, self.splits)

    @property
    def checkpoints(self) -> list[str]:
        """The networks to evaluate: all three, or of a run whose published ones were put back, those."""
        restored = (self.folder / "published.json").exists()
        return [
            name
            for name in CHECKPOINTS
            if not restored or (self.folder / f"{name}.safetensors").exists()
        ]

    def network(self, name: str) -> nn.Module:
        """The network saved as best, best_validation or final, in eval mode."""
        return self._load(f"{name}.safetensors", self.manifest[name])

    def network_along(self, entry: dict[str, Any]) -> nn.Module:
        """One of the manifest's `measured_networks`, in eval mode."""
        kept = bool(self.manifest["trajectory"])
        name = f"trajectory/{entry['epoch']:04d}" if kept else "final"
        return self._load(f"{name}.safetensors", entry)

    def _load(self, name: str, entry: dict[str, Any]) -> nn.Module:
        return load_network(
            self.folder / name, entry, self.run, self.scale, self.splits
        )

    def underway(self, stage: str) -> Underway:
        """Where a measurement keeps its finished parts; the manifest says which networks it is of."""
        names = (*CHECKPOINTS, "trajectory")
        decides = self.bench.decides(of={name: self.manifest[name] for name in names})
        return Underway(self.folder / f"{stage}.underway", decides)
