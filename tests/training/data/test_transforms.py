"""Batches of uint8 images as torchvision's transforms on PIL images give them, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms as pil

from builder.diagnostics import RunError
from builder.training.data.transforms import Draws, Normalizer, resized
from builder.training.recipe.recipe import Augment, Normalize, Recipe, load_recipe

if TYPE_CHECKING:
    from builder.training.data.dataset import DataSet

IMAGENET = Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def noise(count: int, side: int = 8, channels: int = 3) -> torch.Tensor:
    """Return random images."""
    generator = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, channels, side, side), dtype=torch.uint8, generator=generator)


class TestPipeline:
    """Resized and normalized, against torchvision's pipeline."""

    @pytest.mark.parametrize("normalize", [Normalize(), IMAGENET])
    def test_lab_equals_torchvision_on_real_images(
        self, cifar10: DataSet, normalize: Normalize, cpu: torch.device
    ) -> None:
        """Resize 256, CenterCrop 224, ToTensor, Normalize: equal bits."""
        images = cifar10.train.images[:100]
        steps = [pil.Resize(256), pil.CenterCrop(224), pil.ToTensor(), pil.Normalize(normalize.mean, normalize.std)]
        if len(normalize.mean) == 1:
            steps[-1] = pil.Normalize(normalize.mean * 3, normalize.std * 3)
        right = torch.stack([pil.Compose(steps)(Image.fromarray(each.permute(1, 2, 0).numpy())) for each in images])
        ours = Normalizer(normalize, 3, cpu)(resized(images, load_recipe("lab").at(224)))
        assert torch.equal(ours, right)


class TestFramed:
    """Resized, then cut from the center."""

    @given(st.integers(4, 40), st.floats(0.3, 1.0))
    def test_the_cut_is_where_torchvision_cuts(self, size: int, crop_pct: float) -> None:
        """Odd margins are rounded as there."""
        recipe = load_recipe("lab").model_copy(update={"size": size, "crop_pct": crop_pct})
        images = noise(1, side=recipe.resize or 0)
        assert torch.equal(resized(images, recipe), pil.CenterCrop(size)(images))

    def test_without_a_size_images_stay_as_they_are(self, recipe: Recipe) -> None:
        """Such a recipe trains at the data's own size."""
        images = noise(2)
        assert resized(images, recipe) is images

    def test_a_size_alone_resizes_straight(self, recipe: Recipe) -> None:
        """Nothing is cut away."""
        sized = recipe.at(16)
        assert sized.resize == 16
        assert resized(noise(2), sized).shape == (2, 3, 16, 16)


class TestNormalizer:
    """A table of 256 values a channel."""

    @pytest.mark.parametrize("normalize", [Normalize(), IMAGENET])
    def test_every_level_has_the_bits_of_torchvision(self, normalize: Normalize, cpu: torch.device) -> None:
        """All 256 of them."""
        levels = torch.arange(256, dtype=torch.uint8).expand(3, 256).reshape(3, 16, 16)
        right = pil.Normalize(normalize.mean, normalize.std)(levels.float().div(255))
        assert torch.equal(Normalizer(normalize, 3, cpu)(levels.unsqueeze(0))[0], right)

    def test_black_and_white_are_minus_one_and_one(self, cpu: torch.device) -> None:
        """The report's scale."""
        ends = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2)
        assert Normalizer(Normalize(), 1, cpu)(ends).flatten().tolist() == [-1.0, 1.0]

    def test_means_for_three_channels_do_not_fit_one(self, cpu: torch.device) -> None:
        """Silently taking the first would be worse."""
        with pytest.raises(RunError, match="`normalize` has 3 means, and images have 1 channels"):
            Normalizer(IMAGENET, 1, cpu)


class TestDraws:
    """Random changes of training images."""

    @staticmethod
    def draws(count: int, augment: Augment, seed: int = 0, epoch: int = 1, **fields: object) -> Draws:
        """Return the draws of a recipe with these changes."""
        recipe = load_recipe("lab").model_copy(update={"augment": augment, "seed": seed, **fields})
        return Draws.of(recipe, count, epoch)

    ALL = Augment(flip=True, crop_padding=2, cutout=3)

    def test_a_sample_is_changed_the_same_in_any_batch(self) -> None:
        """A pure function of (seed, epoch, sample)."""
        images = noise(12)
        draws = self.draws(12, self.ALL, seed=3, epoch=2)
        together = draws.applied(images, torch.arange(12))
        order = torch.tensor([7, 1, 11, 0])
        alone = self.draws(12, self.ALL, seed=3, epoch=2).applied(images[order], order)
        assert torch.equal(alone, together[order])

    @pytest.mark.parametrize(("seed", "epoch"), [(3, 3), (4, 2)])
    def test_another_seed_or_epoch_changes_otherwise(self, seed: int, epoch: int) -> None:
        """Else augmentation would show the same images again."""
        images, every = noise(12), torch.arange(12)
        once = self.draws(12, self.ALL, seed=3, epoch=2).applied(images, every)
        assert not torch.equal(once, self.draws(12, self.ALL, seed=seed, epoch=epoch).applied(images, every))

    def test_about_half_are_mirrored(self) -> None:
        """And what is mirrored is mirrored from left to right."""
        images = noise(400)
        flipped = self.draws(400, Augment(flip=True)).applied(images, torch.arange(400))
        mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
        untouched = (flipped == images).flatten(1).all(1)
        assert bool((mirrored ^ untouched).all())
        assert 150 < int(mirrored.sum()) < 250

    def test_shifts_are_crops_of_the_padded_image(self) -> None:
        """Each is one of the 25 that a padding of 2 allows, black outside, and all of them come."""
        images = noise(500)
        shifted = self.draws(500, Augment(crop_padding=2)).applied(images, torch.arange(500))
        padded = torch.nn.functional.pad(images, (2, 2, 2, 2))
        crops = torch.stack([padded[:, :, y : y + 8, x : x + 8] for y in range(5) for x in range(5)])
        equal = (crops == shifted).flatten(2).all(2)
        assert bool(equal.any(0).all())
        assert bool(equal.any(1).all())

    def test_edges_that_mirror_are_those_of_torchvision(self) -> None:
        """Each image is one of the 25 crops of what its `Pad` makes with `reflect`; all of them come."""
        images = noise(500)
        shifted = self.draws(500, Augment(crop_padding=2, padding_mode="reflect")).applied(images, torch.arange(500))
        padded = pil.Pad(2, padding_mode="reflect")(images)
        crops = torch.stack([padded[:, :, y : y + 8, x : x + 8] for y in range(5) for x in range(5)])
        equal = (crops == shifted).flatten(2).all(2)
        assert bool(equal.any(0).all())
        assert bool(equal.any(1).all())

    def test_how_edges_look_moves_no_image_elsewhere(self) -> None:
        """The shifts are those of black edges."""
        images, every = noise(50).clamp(min=1), torch.arange(50)
        black, mirrored = (
            self.draws(50, Augment(crop_padding=2, padding_mode=mode)).applied(images, every)
            for mode in ("constant", "reflect")
        )
        assert torch.equal(torch.where(black == 0, black, mirrored), black)
        assert not (mirrored == 0).any()

    def test_alternating_flips_show_both_sides_in_two_epochs(self) -> None:
        """About half the images are mirrored in the first, the others in the second, and so on."""
        recipe = load_recipe("lab").model_copy(update={"augment": Augment(flip="alternating")})
        first, second, third = (Draws.of(recipe, 400, epoch).mirrored for epoch in (1, 2, 3))
        assert 150 < int(first.sum()) < 250
        assert torch.equal(second, ~first)
        assert torch.equal(third, first)
        other = Draws.of(recipe.model_copy(update={"seed": 1}), 400, 1).mirrored
        assert not torch.equal(first, other)

    @pytest.mark.parametrize("side", [1, 3, 4])
    def test_cutout_hides_a_square_around_any_pixel(self, side: int) -> None:
        """One cut by the edges where it reaches over them; every pixel is a center, and the rest stays."""
        images = noise(2000).clamp(min=1)
        cut = self.draws(2000, Augment(cutout=side), normalize=Normalize(mean=(0.0,), std=(1.0,)))
        hidden = (cut.applied(images, torch.arange(2000)) == 0).all(1)
        assert torch.equal(cut.applied(images, torch.arange(2000)), images * ~hidden[:, None])
        whole = torch.zeros(8 + 2 * side, 8 + 2 * side, dtype=torch.bool)
        squares = set()
        for top in range(8):
            for left in range(8):
                square = whole.clone()
                first = side - side // 2
                square[top + first : top + first + side, left + first : left + first + side] = True
                squares.add(square[side : side + 8, side : side + 8].numpy().tobytes())
        assert {each.numpy().tobytes() for each in hidden} == squares

    def test_what_cutout_hides_is_nearly_0_when_normalized(self, cpu: torch.device) -> None:
        """The mean of each channel, as the paper fills it."""
        images = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
        hidden = self.draws(1, Augment(cutout=16), normalize=IMAGENET).applied(images, torch.tensor([0]))
        assert Normalizer(IMAGENET, 3, cpu)(hidden).abs().max() < 0.01

    def test_cutout_leaves_the_other_changes_as_they_were(self) -> None:
        """Switching it on moves no crop and mirrors nothing else."""
        images, every = noise(50), torch.arange(50)
        without = self.draws(50, Augment(flip=True, crop_padding=2)).applied(images, every)
        cut = self.draws(50, self.ALL).applied(images, every)
        assert bool((cut == without).flatten(1).any(1).all())
        assert float((cut == without).float().mean()) > 0.8

    def test_a_recipe_without_augmentation_changes_nothing(self) -> None:
        """The default."""
        images = noise(5)
        assert torch.equal(self.draws(5, Augment()).applied(images, torch.arange(5)), images)
