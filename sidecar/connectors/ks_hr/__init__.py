"""Read employees from a KS HR Data API v3, as Norwegian HR systems offer it."""
