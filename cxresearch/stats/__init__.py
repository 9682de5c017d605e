"""Numbers in, numbers out: estimators that know neither studies nor plots, in the notation of the papers they cite."""
