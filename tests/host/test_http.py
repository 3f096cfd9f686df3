#!/usr/bin/env python3
"""A pipe out of HTTP requests: between nodes, by raw requests, through proxies that cut, that
buffer and that end each connection, and through the real ones.

covers: src/driver/uv/polled_serve.c src/driver/uv/polled_dial.c
"""

import os
import socket
import sys
import threading
import time

from peers import get, port_of, read_all
from pki import Pki
from test_ws import CALM, certified, door, nginx, talk
from world import PATIENCE, check, run_tests

ID = "00112233445566778899aabbccddeeff"


def test_two_nodes(w):
    ada = door(w, "ada", scheme="http")
    check(ada.uri.startswith("http://127.0.0.1:"), ada.uri)
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up", uri=ada.uri)
    talk(w, ada.uri, "ada", "bob")
    check(bob.end() == 0)
    check(ada.event("link_down")["reason"] == "goodbye", ada.objects())


def test_the_one_who_listens_ends(w):
    ada = door(w, "ada", scheme="http")
    bob = w.up("bob", *CALM, "--connect", ada.uri)
    bob.event("link_up")
    check(ada.end() == 0)
    check(bob.event("link_down")["reason"] == "goodbye", bob.objects())


if __name__ == "__main__":
    sys.exit(run_tests(dict(globals())))
