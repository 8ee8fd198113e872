"""The folder of a run: checkpoints, metrics, summary, failure, and how it is read."""
