"""What the listeners of all services share: who may reach them, and how they are made."""
