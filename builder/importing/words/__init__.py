"""What modules, functions, arithmetic and parameters of PyTorch are in the words of a page."""
