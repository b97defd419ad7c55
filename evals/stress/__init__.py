"""Cases and papers made harder by code, to see what answers withstand: `evals run --stress KIND`."""
