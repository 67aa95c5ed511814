"""WideResNet-34-10, as in TRADES' code, which the authors of SGLR started from."""

from torch import nn

from sglr.models.batchnorm import BatchNorm
from sglr.models.blocks import Classifier, initialise
from sglr.models.preact_resnet import PreActBlock

_BLOCKS_A_STAGE = 5  # (34 - 4) / 6
_WIDER = 10


def wrn_34_10(
    num_classes: int, in_channels: int, width: int, stem_stride: int
) -> Classifier:
    """Return WRN-34-10 (Zagoruyko and Komodakis 2016); 46,160,474 parameters at width 64 with 10 classes.

    Its stem has width / 4 channels, 16 for the 64 of ResNet-18, so that a scale's width serves both; its stages have
    10, 20 and 40 times as many.
    """
    stem = max(1, width // 4)
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, stem, 3, stem_stride, padding=1, bias=False)
    ]
    channels = stem
    for number, factor in enumerate((1, 2, 4)):
        for block in range(_BLOCKS_A_STAGE):
            stride = 2 if number and not block else 1
            layers.append(PreActBlock(channels, factor * _WIDER * stem, stride))
            channels = factor * _WIDER * stem
    layers += [BatchNorm(channels), nn.ReLU()]
    network = Classifier(nn.Sequential(*layers), channels, num_classes)
    initialise(network)
    nn.init.zeros_(network.classifier.bias)
    return network
