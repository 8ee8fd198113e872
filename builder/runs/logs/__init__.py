"""Loggers of a run: TensorBoard, and whatever a user's own file reports it to."""
