"""From a scene to files: DOT, the renderer, paper sizes, and the proof that nothing is missing."""
