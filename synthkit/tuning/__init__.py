"""A generator of one's own: fine-tuned on rows that may not leave, on this machine or by an endpoint's job."""
