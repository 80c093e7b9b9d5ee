"""Compare steps on one device with steps on two: run by test_distributed.py in its own process.

The CPU is split into two logical devices, which TensorFlow allows only before it computes.

    python replicas.py RUN NAMES...     which of `COMPARED` to compare
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from lawrec import config
from lawrec.runs.run import open_run
from lawrec.training.optimizers import averaged_weights
from lawrec.training.setup import TrainingSetup, open_records
from lawrec.training.train_step import create_train_state, make_train_step

STEPS = 4
SGD = {"name": "sgd", "learning_rate": 0.5}
COMPARED = {
    "sgd, clipped, l2": {"optimizer": {**SGD, "global_clipnorm": 0.5}, "loss": {"l2": 0.1}},
    "adam, accumulated": {"optimizer": {"gradient_accumulation_steps": 2}},
    "batch norm, average": {
        "optimizer": {**SGD, "ema_momentum": 0.5},
        "model": {"batch_normalization": True},
    },
    "dropout, bfloat16": {"model": {"dropout": 0.5}, "training": {"precision": "bfloat16"}},
}


def stepped(run, records, strategy):
    """Return the averaged weights after some steps, and the result of the last step."""
    keras.utils.set_random_seed(1)
    setup = TrainingSetup(run, records, strategy)
    state = create_train_state(setup)
    step = make_train_step(state, setup)
    for number in range(STEPS):
        batch = state.iterator.get_next()
        # An odd number of cases, and fewer cases than replicas.
        result = step({name: part[: 1 if number % 2 else 5] for name, part in batch.items()})
    with averaged_weights(state.optimizer, state.model):
        return [*(weight.numpy() for weight in state.model.weights), np.array(result)]


def distance(left, right):
    """Return the largest difference between two lists of arrays."""
    return max(float(np.abs(a - b).max()) for a, b in zip(left, right, strict=True))


def main(folder, *names):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    one_device = tf.distribute.get_strategy()
    two_devices = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    run = open_run(Path(folder))
    records = open_records(run)
    for name in names:
        changed = replace(run, config=config.from_dict(COMPARED[name], name, base=run.config))
        # Each replica draws its own dropout: compare two devices with themselves.
        reference = two_devices if "dropout" in name else one_device
        expected = stepped(changed, records, reference)
        print(
            json.dumps([name, distance(stepped(changed, records, two_devices), expected)]),
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
