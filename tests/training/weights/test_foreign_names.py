"""What other programs call their weights."""

from __future__ import annotations

import pytest

from builder.training.weights.foreign_names import translated


class TestTranslated:
    """A name of a file, and what the network calls it."""

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("module.conv1.weight", "conv1.weight"),  # DataParallel
            ("_orig_mod.conv1.weight", "conv1.weight"),  # torch.compile
            ("model.conv1.weight", "conv1.weight"),  # Lightning
            ("module._orig_mod.conv1.weight", "conv1.weight"),
            (
                "features.denseblock1.denselayer2.norm.1.weight",
                "features.denseblock1.denselayer2.norm1.weight",
            ),  # torchvision, published
            (
                "features.denseblock1.denselayer12.conv.2.weight",
                "features.denseblock1.denselayer12.conv2.weight",
            ),
            ("layer1.0.se_module.fc1.weight", "layer1.0.se.fc1.weight"),  # timm, the older SENet
            ("trunk.1.se.conv_reduce.bias", "trunk.1.se.fc1.bias"),  # timm, EfficientNet
            ("trunk.1.se.conv_expand.bias", "trunk.1.se.fc2.bias"),
            ("backbone.layer4.2.se_layer.conv1.conv.weight", "layer4.2.se.fc1.weight"),  # mmpretrain
            ("backbone.layer4.2.se_layer.conv2.conv.bias", "layer4.2.se.fc2.bias"),
            ("head.fc.weight", "fc.weight"),
            ("module.backbone.layer1.0.se_layer.conv1.conv.weight", "layer1.0.se.fc1.weight"),
            ("net.conv1.weight", "conv1.weight"),
            ("params.conv1.weight", "conv1.weight"),
            ("model_ema.module.conv1.weight", "conv1.weight"),
            ("encoder.conv1.weight", "conv1.weight"),
            ("module.layer1.0.se.fc.0.weight", "layer1.0.se.fc1.weight"),  # moskomule, and most that copied it
            ("module.layer1.0.se.fc.2.weight", "layer1.0.se.fc2.weight"),
            ("layer1.0.excitation.0.weight", "layer1.0.se.fc1.weight"),  # weiaicunzai
            ("layer1.0.excitation.2.bias", "layer1.0.se.fc2.bias"),
            ("layer1.0.se.excitation.0.weight", "layer1.0.se.fc1.weight"),
            ("layer1.0.se.se.0.weight", "layer1.0.se.fc1.weight"),
            ("layer1.0.se.1.weight", "layer1.0.se.fc1.weight"),  # a pooling layer is number 0
            ("layer1.0.se.3.weight", "layer1.0.se.fc2.weight"),
            ("layer1.0.fc1.weight", "layer1.0.se.fc1.weight"),  # kuangliu: beside the convolutions
            ("layer1.0.fc2.bias", "layer1.0.se.fc2.bias"),
            ("layer1.0.SE.fc1.weight", "layer1.0.se.fc1.weight"),
        ],
    )
    def test_every_library_is_understood(self, theirs: str, ours: str) -> None:
        """One line for each way of calling a weight that is known."""
        assert translated([theirs], {ours}) == {theirs: ours}

    def test_timms_gates_in_a_resnet_are_called_as_here(self) -> None:
        """Nothing needs to be translated there."""
        name = "layer1.0.se.fc1.weight"
        assert translated([name], {name}) == {name: name}

    def test_what_a_network_has_is_never_renamed(self) -> None:
        """A network of one's own may call a block ``model`` or ``head``."""
        names = ["model.conv.weight", "head.fc.bias"]
        assert translated(names, set(names)) == dict(zip(names, names, strict=True))

    def test_what_nobody_knows_stays_as_it_is(self) -> None:
        """It is reported as unexpected, by the file's own name."""
        assert translated(["module.strange"], {"conv.weight"}) == {"module.strange": "module.strange"}

    def test_a_files_own_name_counts_before_a_translated_one(self) -> None:
        """Two names of a file never end as one, in whichever order they come."""
        for names in (["module.fc.weight", "fc.weight"], ["fc.weight", "module.fc.weight"]):
            assert translated(names, {"fc.weight"}) == {
                "fc.weight": "fc.weight",
                "module.fc.weight": "module.fc.weight",
            }
        assert translated(["module.fc.bias", "head.fc.bias"], {"fc.bias"}) == {
            "module.fc.bias": "fc.bias",
            "head.fc.bias": "head.fc.bias",
        }
