"""What a result document shows, before any form."""
