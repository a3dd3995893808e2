"""What a plan would have cost: history recomputed under a candidate, beside the present plans; never published."""
