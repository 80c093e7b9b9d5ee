"""Compare steps on one device with steps on two: run by test_devices.py in a process of its own.

The CPU is made two logical devices, which must happen before TensorFlow starts.

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
from lawrec.training.optimizers import averaged
from lawrec.training.setup import open_records
from lawrec.training.train_step import create_state, make_step

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
    """Return all weights after some steps, the averages in place, and the last step's result."""
    keras.utils.set_random_seed(1)
    state = create_state(run, records, strategy=strategy)
    step = make_step(state, strategy, config=run.config, records=records)
    for number in range(STEPS):
        batch = state.iterator.get_next()
        # An odd number of cases, and fewer cases than replicas.
        result = step({name: part[: 1 if number % 2 else 5] for name, part in batch.items()})
    with averaged(state.optimizer, state.model):
        return [*(weight.numpy() for weight in state.model.weights), np.array(result)]


def distance(left, right):
    """Return the largest difference in any weight or figure."""
    return max(float(np.abs(one - other).max()) for one, other in zip(left, right, strict=True))


def main(folder, *names):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    one, two = tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    run = open_run(Path(folder))
    records = open_records(run)
    for name in names:
        changed = replace(run, config=config.from_dict(COMPARED[name], name, base=run.config))
        # Replicas draw dropout of their own; only the seed fixes that.
        reference = two if "dropout" in name else one
        expected = stepped(changed, records, reference)
        print(json.dumps([name, distance(stepped(changed, records, two), expected)]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
