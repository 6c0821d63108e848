"""What the benchmarks' parts have measured, put together: one file of results, the page, its plots."""
