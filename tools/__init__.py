"""What reads the notebooks for others: their rules, the index in the README, recipes run as programs."""
