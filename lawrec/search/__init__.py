"""Search: find good hyperparameters with Optuna, each trial a training in a process of its own."""
