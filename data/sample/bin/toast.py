#!/usr/bin/env python3
"""Make toast over HTTP.

The KŘUP-2000 has a lever. In 2021 a firmware update made the lever "advisory". This script
is how we have breakfast now.

    toast.py --slices 2 --browning 3

The API answers every error with 418 (I'm a teapot). It is not a teapot; its authors copied the
HTTP layer from their kettle. So the real error is in the header X-Krup-Pravda ("truth").
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.request

BASE = "http://krup.attic.example:8080/v1"
MAX_BROWNING = 6  # 7 exists, but the fire brigade asked us not to


class ToasterError(Exception):
    pass


class BreadPlusRequired(ToasterError):
    """Browning above 4 is part of the Chléb+ subscription (149 Kč a month)."""


def call(method, path, body=None):
    request = urllib.request.Request(
        BASE + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        truth = error.headers.get("X-Krup-Pravda", "no truth given")
        if truth == "CHLEB_PLUS":
            raise BreadPlusRequired("this shade of brown is a premium feature") from error
        raise ToasterError(f"{error.code}: {truth}") from error


def accept_terms():
    """The terms must be accepted before every slice, not every toast. We asked."""
    terms = call("GET", "/terms/current")
    call("POST", "/terms/accept", {"version": terms["version"], "read": True})  # "read" is a legal term here


def toast_with_backoff(slices, browning, attempts=5):
    for attempt in range(attempts):
        try:
            for _ in range(slices):
                accept_terms()
            job = call("POST", "/toast", {"slices": slices, "browning": min(browning, MAX_BROWNING)})
            return job["id"]
        except BreadPlusRequired:
            browning -= 1  # we eat what we are entitled to
        except ToasterError as error:
            delay = 2**attempt
            print(f"{error}; bread stays bread for {delay} s", file=sys.stderr)
            time.sleep(delay)
    raise ToasterError("no toast today")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=2)
    parser.add_argument("--browning", type=int, default=3)
    arguments = parser.parse_args()
    print(toast_with_backoff(arguments.slices, arguments.browning))
