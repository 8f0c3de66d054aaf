"""What the garbage collector need not look at."""

import gc


def freeze_loaded() -> None:
    """Leave all that is loaded by now out of every later collection: modules, models and addresses stay until
    the process ends. A full collection among them takes a tenth of a second, and some purchase would pay it.

    What a page makes is mostly gone before it is worth a look, so it is looked at less often. Whoever has
    switched collections off to load has them on again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
