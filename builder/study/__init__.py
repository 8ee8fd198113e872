"""Many runs for one question: variants × seeds × hyperparameters, planned first, run on any number of processes."""
