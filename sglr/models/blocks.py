"""Parts that the networks share."""

import math

import torch
from torch import Tensor, nn

from sglr.models.batchnorm import BatchNorm


class ConvBN(nn.Module):
    """A convolution without bias, followed by BatchNorm; in eval mode the pair is one convolution."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1
    ):
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False
        )
        self.bn = BatchNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return BatchNorm(conv(x))."""
        return self.bn(self.conv(x))


class BasicBlock(nn.Module):
    """relu(ConvBN(relu(ConvBN(x))) + shortcut(x)) (He et al. 2016); a 1x1 ConvBN where the shape changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.first = ConvBN(in_channels, out_channels, 3, stride)
        self.second = ConvBN(out_channels, out_channels, 3)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = (
            nn.Identity() if same else ConvBN(in_channels, out_channels, 1, stride)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (N, out_channels, H/stride, W/stride)."""
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class Classifier(nn.Module):
    """`trunk`, average pooling, and a linear layer; `features` are what the linear layer sees."""

    def __init__(self, trunk: nn.Module, num_features: int, num_classes: int):
        super().__init__()
        self.autocast = (
            False  # whether training multiplies in bf16; the weights stay as they are
        )
        self.trunk = trunk
        self.classifier = nn.Linear(num_features, num_classes)

    def features(self, x: Tensor) -> Tensor:
        """Return the penultimate features (N, D) of images in [0, 1]."""
        return self.trunk(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, K) of images (N, C, H, W) in [0, 1]: fp64 where the weights are, else fp32."""
        x = x.to(self.classifier.weight.dtype)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.autocast):
            logits = self.classifier(self.features(x))
        return logits if logits.dtype == torch.float64 else logits.float()


def initialise(network: nn.Module) -> None:
    """Convolutions from N(0, 2 / (k k C_out)), as the authors' code; the rest as PyTorch."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = (
                module.kernel_size[0] * module.kernel_size[1] * module.out_channels
            )
            nn.init.normal_(module.weight, 0, math.sqrt(2 / fan_out))
