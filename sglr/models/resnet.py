"""ResNet-18 with the CIFAR stem, and a smaller net of the same blocks for 8x8 digits."""

from torch import nn

from sglr.models.blocks import BasicBlock, Classifier, ConvBN, initialise


def resnet18(
    num_classes: int, in_channels: int, width: int, stem_stride: int
) -> Classifier:
    """Return ResNet-18 (He et al. 2016), a 3x3 stem without pooling; 11,173,962 parameters at width 64, 10 classes."""
    return _resnet(
        [(1, 2), (2, 2), (4, 2), (8, 2)], num_classes, in_channels, width, stem_stride
    )


def small_resnet(
    num_classes: int, in_channels: int, width: int, stem_stride: int
) -> Classifier:
    """Return a net of two residual blocks, at `width` and at twice the width and half the size."""
    return _resnet([(1, 1), (2, 1)], num_classes, in_channels, width, stem_stride)


def _resnet(
    stages: list[tuple[int, int]],
    num_classes: int,
    in_channels: int,
    width: int,
    stem_stride: int,
) -> Classifier:
    layers: list[nn.Module] = [ConvBN(in_channels, width, 3, stem_stride), nn.ReLU()]
    channels = width
    for number, (factor, blocks) in enumerate(stages):
        for block in range(blocks):
            stride = 2 if number and not block else 1
            layers.append(BasicBlock(channels, factor * width, stride))
            channels = factor * width
    network = Classifier(nn.Sequential(*layers), channels, num_classes)
    initialise(network)
    return network
