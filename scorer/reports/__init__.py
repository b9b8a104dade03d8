"""Pages for people: one HTML file about a score, a board or a comparison, whole in itself."""
