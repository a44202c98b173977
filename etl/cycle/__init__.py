"""The cycle: the five steps of a micro-batch, one module a step, and ``run``, which takes them in order."""
