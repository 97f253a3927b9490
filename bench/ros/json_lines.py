"""An rclpy script's half of script-process.ts: commands as JSON lines on stdin, what is seen as JSON lines on stdout.

Times `t` are CLOCK_MONOTONIC, s. The process that starts a script puts this folder on its PYTHONPATH.
"""

import json
import math
import os
import sys
import threading
import time
import traceback

from rclpy.executors import SingleThreadedExecutor

# Callbacks, commands and threads that wait for a service all say something.
LOCK = threading.Lock()


def plain(value):
    """JSON has no NaN and no infinity: they become texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return value


def say(event, **fields):
    line = json.dumps({"event": event, "t": time.monotonic(), **plain(fields)})
    with LOCK:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def obey_lines(node, obey):
    """Spins `node` and gives each command to `obey` until stdin is closed. Ends the process."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin():
        try:
            executor.spin()
        except BaseException:
            # A silent script looks like a silent robot: end, with the reason on stderr.
            traceback.print_exc()
            os._exit(1)

    threading.Thread(target=spin, daemon=True).start()
    say("ready")
    for line in sys.stdin:
        obey(json.loads(line))
    # rclpy's threads are still waiting for messages; there is nothing to tidy up.
    sys.stdout.flush()
    os._exit(0)
