"""What every service that listens has in common: limits on what one client can cost the others."""
