"""The room that trains any ``nn.Module``: recipes, data sets, the loop, checkpoints, curves, run folders."""
