"""Where and how a step is computed: device, precision, determinism, process group."""
