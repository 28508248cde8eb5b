"""Share learning paths with other regions: bundles that are signed, and what is received of them."""
