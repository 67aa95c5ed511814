"""The scale of the tests: no two of its sizes are equal, so that swapped ones show."""

from collections import Counter
from dataclasses import asdict

from sglr.data import load_splits
from sglr.plan.scale_files import load_scale

# One of each keeps the scale small; none is a size of a tensor, or of a loop within a job.
ONES = {"network.stem_stride", "seeds.default", "seeds.figure4", "threads"}


def sizes_in(settings: dict, place: str = "") -> dict[str, int]:
    """Every whole number of nested settings, by its place; flags are none."""
    found = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= sizes_in(value, f"{place}{name}.")
        elif type(value) is int:
            found[place + name] = value
    return found


def test_no_two_sizes_of_smoke_are_equal():
    scale = load_scale("smoke")
    sizes = sizes_in(asdict(scale))
    for name, spec in scale.data.items():
        splits = load_splits(spec, label_noise=0.0, seed=0)
        sizes[f"{name}.num_classes"] = splits.num_classes
    times = Counter(sizes.values())
    equal = {name: value for name, value in sizes.items() if times[value] > 1}
    assert equal == dict.fromkeys(ONES, 1)
    # The reading works: six of images, two of classes, eight of the measurement and its batches, ...
    assert len(sizes) == 27
