"""One epoch of optimizer steps: loop, optimizers, schedules, CUDA graphs, memory that runs out."""
