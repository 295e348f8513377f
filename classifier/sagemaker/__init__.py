"""Engine "sagemaker": the zero-shot question asked of an endpoint, its probabilities turned back into logits."""
