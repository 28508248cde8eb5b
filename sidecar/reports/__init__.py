"""Build each municipality's report, render it, hand it over and record that."""
