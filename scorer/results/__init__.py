"""Records of scores: what one holds, how they are ranked, compared and shown."""
