"""The devices that compute: which GPUs and workers there are, and how TensorFlow starts."""
