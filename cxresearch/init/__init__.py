"""A stranger's exports to a study that runs: what the columns are, with confidence and reason, and what stays open."""
