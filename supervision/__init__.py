"""What people do about what was found: orders, proposals, liability, complaints, ratings, samples."""
