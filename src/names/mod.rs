//! Encrypted file names.
