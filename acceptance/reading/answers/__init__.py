"""What a sentence says of an answer: the request that it is the answer to, and what it has to be and hold."""
