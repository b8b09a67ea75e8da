"""Speed, as ratios taken in one run against a baseline that each row names."""
