"""What a post is about. Knows nothing of the other packages; torch is imported inside the engines only."""
