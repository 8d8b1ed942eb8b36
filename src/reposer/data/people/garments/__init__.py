"""What people wear."""
