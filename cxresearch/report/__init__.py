"""From a run file to a published folder: plan, run, protect, render, check, publish."""
