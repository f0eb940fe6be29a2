"""Runs in the delivery's own sandbox: imports delivered code and answers calls from the suite.

Nothing here is relied upon. Delivered code can take this process over entirely; all it gains is to choose the
values it answers with, which is what delivered code does anyway.
"""

import asyncio
import importlib
import inspect
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import codec  # noqa: E402  # found beside this file, whose folder is not on the path under -I

TREE = "/candidate"


class Worker:
    def __init__(self, channel):
        self.channel = channel
        self.objects = []

    def handle(self, value):
        self.objects.append(value)
        kind = "module" if inspect.ismodule(value) else type(value).__name__
        name = getattr(value, "__name__", None)
        return {
            "$": "handle",
            "id": len(self.objects) - 1,
            "kind": kind,
            "name": name if isinstance(name, str) else "",
        }

    def encode(self, value):
        if inspect.isawaitable(value):
            value = asyncio.run(_awaited(value))
        if inspect.isgenerator(value) or type(value).__name__ in ("map", "filter", "zip", "list_iterator"):
            items = []
            for item in value:
                items.append(item)
                if len(items) > codec.MAX_ITEMS:
                    raise ValueError(f"more than {codec.MAX_ITEMS} items")
            value = items
        return codec.encode(value, self.handle)

    def decode(self, form):
        return codec.decode(form, lambda inner: self.objects[inner["id"]])

    def answer(self, request):
        op = request["op"]
        if op == "load":
            return self.encode(importlib.import_module(request["name"]))
        if op == "get":
            return self.encode(getattr(self.objects[request["on"]], request["name"]))
        if op == "call":
            args, kwargs = self.decode(request["args"]), self.decode(request["kwargs"])
            return self.encode(self.objects[request["on"]](*args, **kwargs))
        if op == "run":
            return self.encode(self.run(*self.decode(request["args"])))
        if op == "put":
            name, data = self.decode(request["args"])
            path = os.path.join("/tmp", os.path.basename(name))
            with open(path, "wb") as file:
                file.write(data)
            return path
        if op == "read":
            with open(self.decode(request["args"])[0], "rb") as file:
                return self.encode(file.read(codec.MAX_MESSAGE_BYTES // 4))
        raise ValueError(f"unknown operation {op!r}")

    def run(self, script, words, stdin, seconds):
        done = subprocess.run(
            [sys.executable, "-B", "-s", "-E", os.path.join(TREE, script), *words],
            input=stdin.encode(),
            capture_output=True,
            timeout=seconds,
            cwd=TREE,
            check=False,
        )
        return [
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        ]

    def serve(self):
        while True:
            try:
                request = self.channel.receive()
            except EOFError:
                return
            reply = {"id": request["id"]}
            try:
                reply["value"] = self.answer(request)
            except (
                BaseException
            ) as error:  # SystemExit and KeyboardInterrupt of delivered code are answers too
                bases = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
                reply["error"] = {"type": type(error).__name__, "bases": bases, "message": str(error)[:4000]}
            self.channel.send(reply)


async def _awaited(value):
    return await value


if __name__ == "__main__":
    sys.path.insert(0, TREE)
    Worker(codec.Channel(int(sys.argv[1]), int(sys.argv[2]))).serve()
