"""What of a demand is understood: its words, clause by clause, held against what its checks measure."""
