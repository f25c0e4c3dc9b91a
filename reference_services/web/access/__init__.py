"""Who may ask: keys, rate, hosts, origins; and how a refusal looks."""
