"""What a technician would look at, each as a finding with a code, a sentence and a next step. Nothing here writes."""
