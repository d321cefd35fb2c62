"""Ministack, until standard input ends: with whoever started it, however that ends."""

import os
import sys
import threading

from ministack.app import main


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
main()
