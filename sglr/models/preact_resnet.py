"""PreActResNet-18, as in Rice et al. 2020 (Figure 1)."""

import torch
from torch import Tensor, nn

from sglr.models.batchnorm import BatchNorm
from sglr.models.blocks import Classifier, ConvBN


class PreActBlock(nn.Module):
    """conv(relu(BN(conv(a)))) + shortcut with a = relu(BN(x)) (He et al. 2016b); a plain 1x1 shortcut takes a."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.bn = BatchNorm(in_channels)
        self.first = ConvBN(in_channels, out_channels, 3, stride)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        changes = stride != 1 or in_channels != out_channels
        self.shortcut = (
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            if changes
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (N, out_channels, H/stride, W/stride)."""
        activated = torch.relu(self.bn(x))
        shortcut = x if self.shortcut is None else self.shortcut(activated)
        return self.second(torch.relu(self.first(activated))) + shortcut


def preact_resnet(
    num_classes: int, in_channels: int, width: int, stem_stride: int
) -> Classifier:
    """Return PreActResNet-18; 11,172,170 parameters at width 64 with 10 classes."""
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, width, 3, stem_stride, padding=1, bias=False)
    ]
    channels = width
    for number, factor in enumerate((1, 2, 4, 8)):
        layers.append(PreActBlock(channels, factor * width, 2 if number else 1))
        channels = factor * width
        layers.append(PreActBlock(channels, channels, 1))
    layers += [BatchNorm(channels), nn.ReLU()]
    return Classifier(nn.Sequential(*layers), channels, num_classes)
