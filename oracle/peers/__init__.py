"""What evaluators say to each other over HTTP: messages, who may say them, and how much they may cost."""
