//! From sums to rows: the pure step between what processes reported and the result files.
