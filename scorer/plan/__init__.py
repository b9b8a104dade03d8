"""What a score will tell, what it will take here: known before any model is trained."""
