//! AWS credentials from wherever they are, kept fresh.
