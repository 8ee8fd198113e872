"""Where everything goes: spacing, columns, blocks, layers, inset, legend."""
